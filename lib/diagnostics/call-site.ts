import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A stack costs more than a scope, so lines of user code are remembered outside production only (C2). */
const remembersLines = process.env['NODE_ENV'] !== 'production'

const ownFolders = ['lib', 'adapters'].map(folder =>
  fileURLToPath(new URL(`../../${folder}/`, import.meta.url)),
)

/**
 * The place in the user's code that started something. The stack is taken at once and read only when somebody asks. Until then it holds the
 * objects whose methods are on it: whoever keeps a call site for long asks for its line first.
 */
export class CallSite {
  declare stack: string | undefined
  #line: string | undefined

  /** `undefined` in production. */
  static capture(): CallSite | undefined {
    return remembersLines ? new CallSite() : undefined
  }

  private constructor() {
    const limit = Error.stackTraceLimit
    Error.stackTraceLimit = 40
    Error.captureStackTrace(this, CallSite.capture)
    Error.stackTraceLimit = limit
  }

  /** `src/dashboard.ts:14:20`, or `undefined` where no line of user code is on the stack. */
  get line(): string | undefined {
    if (this.stack !== undefined) {
      this.#line = lineOfUser(this.stack)
      this.stack = undefined
    }
    return this.#line
  }
}

function lineOfUser(stack: string): string | undefined {
  for (const frame of stack.split('\n').slice(1)) {
    const place = /\(?((?:file:\/\/|\/|[A-Za-z]:\\)[^)]*:\d+:\d+)\)?$/.exec(frame)?.[1]
    if (place === undefined) continue
    const path = place.startsWith('file://') ? fileURLToPath(place) : place
    if (ownFolders.some(folder => path.startsWith(folder))) continue
    if (/[\\/]node_modules[\\/](?:kysely|awilix|mayfly)[\\/]/.test(path)) continue
    const short = relative(process.cwd(), path)
    return short.startsWith('..') ? path : short
  }
  return undefined
}
