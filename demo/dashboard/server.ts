import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { StartError } from './start-error.js'

/** How long requests in flight may take once the program was told to stop (ms). */
const GRACE = 5000

/** A server that is listening, and the way to stop it. */
export class RunningServer {
  readonly #server: Server
  readonly #inFlight = new Set<unknown>()
  #onIdle: (() => void) | undefined

  /** @throws StartError when the port cannot be had */
  static async start(app: RequestListener, port: number): Promise<RunningServer> {
    const server = createServer(app)
    const running = new RunningServer(server)
    try {
      server.listen(port)
      await once(server, 'listening')
    } catch (error) {
      throw portError(port, error)
    }
    return running
  }

  private constructor(server: Server) {
    this.#server = server
    server.on('request', (_req, res) => {
      this.#inFlight.add(res)
      res.once('close', () => {
        this.#inFlight.delete(res)
        if (this.#inFlight.size === 0) this.#onIdle?.()
      })
    })
  }

  get url(): string {
    return `http://localhost:${(this.#server.address() as AddressInfo).port}`
  }

  /** Lets requests in flight end. Browsers keep connections open for later, and these are closed. */
  async stop(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    if (this.#inFlight.size > 0) {
      const timer = setTimeout(() => this.#onIdle?.(), GRACE)
      await new Promise<void>(resolve => (this.#onIdle = resolve))
      clearTimeout(timer)
    }
    this.#server.closeAllConnections()
    await closed
  }
}

function portError(port: number, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE') {
    return new StartError(
      `Port ${port} is taken by another program. Stop that one, or choose another port: PORT=${port + 1} npm start`,
    )
  }
  if (code === 'EACCES') {
    return new StartError(
      `Port ${port} may not be opened by this user. Choose another: PORT=3000 npm start`,
    )
  }
  return error
}
