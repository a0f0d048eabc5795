import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** A message is its type, its length without the type, and its body. */
const HEADER = 5
const ERROR = 'E'.charCodeAt(0)

/**
 * Stands between a client and a server without TLS. Everything passes, but what follows an error of
 * the server once it was told to hold that back: a client that got both in one packet tells nothing
 * about what it does between the two.
 */
export class HoldingProxy implements AsyncDisposable {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #held: (() => void)[] = []
  #isArmed = false
  #isHolding = false

  private constructor(url: URL) {
    this.#server = createServer({ noDelay: true }, client => {
      const server = connect({ port: Number(url.port || 5432), host: url.hostname, noDelay: true })
      this.#follow(client, server)
      this.#follow(server, client)
      client.pipe(server)
      this.#passMessages(server, client)
    })
  }

  /** In front of the server of `url`, on a port of loopback. */
  static async before(url: string): Promise<HoldingProxy> {
    const proxy = new HoldingProxy(new URL(url))
    await once(proxy.#server.listen(0, '127.0.0.1'), 'listening')
    return proxy
  }

  get target(): { host: string; port: number } {
    return { host: '127.0.0.1', port: (this.#server.address() as AddressInfo).port }
  }

  /** The next error passes; what comes after it waits for {@link letGo}. */
  holdAfterError(): void {
    this.#isArmed = true
  }

  letGo(): void {
    this.#isArmed = false
    this.#isHolding = false
    for (const pass of this.#held.splice(0)) pass()
  }

  /** Lets go what it holds and ends all connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.letGo()
    for (const socket of this.#sockets) socket.destroy()
    await new Promise(resolve => this.#server.close(resolve))
  }

  #passMessages(server: Socket, client: Socket): void {
    let rest = Buffer.alloc(0)
    server.on('data', (bytes: Buffer) => {
      rest = Buffer.concat([rest, bytes])
      while (rest.length >= HEADER) {
        const end = 1 + rest.readUInt32BE(1)
        if (rest.length < end) return
        this.#pass(rest.subarray(0, end), client)
        rest = rest.subarray(end)
      }
    })
  }

  #pass(message: Buffer, client: Socket): void {
    if (this.#isHolding) {
      this.#held.push(() => client.write(message))
      return
    }
    client.write(message)
    this.#isHolding = this.#isArmed && message[0] === ERROR
  }

  /** One side's end is the other's. */
  #follow(socket: Socket, other: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#sockets.delete(socket)
      other.end()
    })
  }
}
