import { once } from 'node:events'

interface Message {
  readonly id?: number
  readonly sessionId?: string
  readonly method?: string
  readonly params?: any
  readonly result?: any
  readonly error?: { readonly message: string }
}

type Listener = (method: string, params: any, sessionId: string | undefined) => void

/** A browser's DevTools protocol (https://chromedevtools.github.io/devtools-protocol), as far as a test needs it. */
export class DevTools {
  readonly #socket: WebSocket
  readonly #calls = new Map<number, PromiseWithResolvers<any>>()
  readonly #listeners: Listener[] = []
  #lastId = 0

  static async connect(url: string): Promise<DevTools> {
    const socket = new WebSocket(url)
    const tools = new DevTools(socket)
    await once(socket, 'open')
    return tools
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.addEventListener('message', ({ data }) => this.#receive(JSON.parse(String(data))))
    socket.addEventListener('close', () => this.#closed())
  }

  /** @throws what the browser says when it refuses the call, or has ended */
  async send(method: string, params: object = {}, sessionId?: string): Promise<any> {
    if (this.#socket.readyState !== WebSocket.OPEN) throw new Error('The browser has ended.')
    const call = Promise.withResolvers<any>()
    const id = ++this.#lastId
    this.#calls.set(id, call)
    this.#socket.send(JSON.stringify({ id, method, params, sessionId }))
    return call.promise
  }

  /** Every event of every page. */
  on(listener: Listener): void {
    this.#listeners.push(listener)
  }

  #receive({ id, method, params, sessionId, result, error }: Message): void {
    if (method) for (const listener of this.#listeners) listener(method, params, sessionId)
    if (id === undefined) return
    const call = this.#calls.get(id)
    this.#calls.delete(id)
    if (error) call?.reject(new Error(error.message))
    else call?.resolve(result)
  }

  #closed(): void {
    for (const call of this.#calls.values()) call.reject(new Error('The browser has ended.'))
    this.#calls.clear()
  }
}
