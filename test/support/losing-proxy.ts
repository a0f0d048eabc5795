import { createConnection, createServer, type Server, type Socket } from 'node:net'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

/** Stands before a real server, and loses the answer to a statement: the server has got it, and the client hears that its connection is gone. */
export class LosingProxy {
  readonly url: string
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #lost: string | undefined

  private constructor(server: Server, url: string) {
    this.#server = server
    this.url = url
  }

  /** @param url of the server; the proxy's has the same user and database */
  static async before(url: string): Promise<LosingProxy> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const to = new URL(url)
    const through = new URL(url)
    through.port = String((server.address() as AddressInfo).port)
    const proxy = new LosingProxy(server, through.href)
    server.on('connection', client => proxy.#connect(client, to))
    return proxy
  }

  /** The answer to the next statement with this text is lost, and no other. */
  loseAnswerTo(text: string): void {
    this.#lost = text
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #connect(client: Socket, { hostname, port }: URL): void {
    const server = createConnection({ host: hostname, port: Number(port) })
    let isLost = false
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(from)
      from.on('error', () => {})
      from.on('close', () => to.destroy())
    }
    client.on('data', (chunk: Buffer) => {
      if (this.#lost !== undefined && chunk.includes(this.#lost)) {
        isLost = true
        this.#lost = undefined
      }
      server.write(chunk)
    })
    server.on('data', (chunk: Buffer) => {
      if (isLost) client.destroy()
      else client.write(chunk)
    })
  }
}
