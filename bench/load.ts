/** A client in a process of its own: so many connections ask for random paths, as long as the parent says. */
import { once } from 'node:events'
import http from 'node:http'

const [port, connections, paths] = process.argv.slice(2).map(Number) as [number, number, number]
const agent = new http.Agent({ keepAlive: true, maxSockets: connections })
let next = 0

async function get(): Promise<void> {
  next = (next * 7919 + 13) % paths
  const req = http.get({ port, path: `/orders/${next + 1}`, agent })
  const [res] = (await once(req, 'response')) as [http.IncomingMessage]
  res.resume()
  await once(res, 'end')
  if (res.statusCode !== 200) throw new Error(`status ${res.statusCode}`)
}

process.on('message', (duration: number) => {
  void (async () => {
    const end = performance.now() + duration
    let requests = 0
    const client = async () => {
      while (performance.now() < end) {
        await get()
        requests++
      }
    }
    await Promise.all(Array.from({ length: connections }, client))
    process.send!(requests)
  })()
})
