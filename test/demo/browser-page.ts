import type { DevTools } from './dev-tools.js'

export interface View {
  readonly width?: number
  readonly height?: number
  readonly scheme?: 'light' | 'dark'
}

/** One page of a browser. */
export class BrowserPage {
  /** Uncaught errors, errors in the console, and responses that failed. */
  readonly errors: string[] = []
  /** What it asked the network for. */
  readonly requests: string[] = []
  readonly #tools: DevTools
  readonly #target: string
  readonly #session: string

  /** @param script runs before any script of the page */
  static async open(tools: DevTools, url: string, view: View, script = ''): Promise<BrowserPage> {
    const { targetId } = await tools.send('Target.createTarget', { url: 'about:blank' })
    const { sessionId } = await tools.send('Target.attachToTarget', { targetId, flatten: true })
    const page = new BrowserPage(tools, targetId, sessionId)
    await page.#prepare(view, script)
    await page.#send('Page.navigate', { url })
    return page
  }

  private constructor(tools: DevTools, target: string, session: string) {
    this.#tools = tools
    this.#target = target
    this.#session = session
    tools.on((method, params, from) => from === session && this.#note(method, params))
  }

  /** The value of an expression in the page; a promise is waited for. @throws what it throws */
  async evaluate<R>(expression: string): Promise<R> {
    const { result, exceptionDetails } = await this.#send('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
    })
    if (!exceptionDetails) return result.value
    throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text)
  }

  /** Resolves when an expression is true, which is looked at with every frame. */
  async until(expression: string): Promise<void> {
    await this.evaluate(`new Promise(resolve => {
      const look = () => (${expression}) ? resolve() : requestAnimationFrame(look)
      look()
    })`)
  }

  async close(): Promise<void> {
    await this.#tools.send('Target.closeTarget', { targetId: this.#target })
  }

  async #prepare({ width = 1280, height = 800, scheme = 'light' }: View, script: string) {
    for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await this.#send(`${domain}.enable`)
    const mobile = width < 600
    const metrics = { width, height, mobile, deviceScaleFactor: 1 }
    await this.#send('Emulation.setDeviceMetricsOverride', metrics)
    const features = [{ name: 'prefers-color-scheme', value: scheme }]
    await this.#send('Emulation.setEmulatedMedia', { features })
    await this.#send('Page.addScriptToEvaluateOnNewDocument', { source: script })
  }

  #send(method: string, params?: object): Promise<any> {
    return this.#tools.send(method, params, this.#session)
  }

  #note(method: string, params: any): void {
    if (method === 'Network.requestWillBeSent') this.requests.push(params.request.url)
    else if (method === 'Runtime.exceptionThrown') {
      const { exception, text } = params.exceptionDetails
      this.errors.push(exception?.description ?? text)
    } else if (method === 'Runtime.consoleAPICalled' && params.type === 'error') {
      this.errors.push(params.args.map(({ value }: any) => value).join(' '))
    } else if (method === 'Log.entryAdded' && params.entry.level === 'error') {
      this.errors.push(`${params.entry.text} ${params.entry.url}`)
    }
  }
}
