import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Lines of user code are remembered outside production only (C2): each is a stack. */
const remembersLines = process.env['NODE_ENV'] !== 'production'

/** As many frames as Kysely, Express and we may put between a user and this file. */
const FRAMES = 40
/** For what users call themselves, and often: under a server a whole stack takes four times the time of these. */
export const NEAREST_FRAMES = 4

/**
 * The place in the user's code that started something. The stack is taken at once and read only when somebody asks. Until then it holds the
 * objects whose methods are on it: whoever keeps a call site for long asks for its line first.
 */
export class CallSite {
  declare stack: unknown
  #line: string | undefined

  /** `undefined` in production. */
  static capture(frames = FRAMES): CallSite | undefined {
    return remembersLines ? new CallSite(frames) : undefined
  }

  private constructor(frames: number) {
    captureStack(this, frames, CallSite.capture)
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

/** The frames above `from`. */
function captureStack(target: { stack?: unknown }, frames: number, from?: Function): void {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = frames
  Error.captureStackTrace(target, from)
  Error.stackTraceLimit = limit
}

function lineOfUser(stack: unknown): string | undefined {
  for (const frame of framesOf(stack)) {
    const place = placeOf(frame)
    if (place === undefined || isOwn(place) || /[\\/]node_modules[\\/]/.test(place)) continue
    const short = relative(process.cwd(), place)
    return short.startsWith('..') ? place : short
  }
  return undefined
}

/** A program may have stacks written in another form (`Error.prepareStackTrace`). */
function framesOf(stack: unknown): string[] {
  return typeof stack === 'string' ? stack.split('\n').slice(1) : []
}

/** `/app/src/dashboard.ts:14:20` */
function placeOf(frame: string): string | undefined {
  const place = /[\s(]((?:file:\/\/|\/|[A-Za-z]:\\)[^)]*:\d+:\d+)\)?$/.exec(frame)?.[1]
  return place?.startsWith('file://') ? fileURLToPath(place) : place
}

let own: readonly string[] | undefined

/**
 * Where this file is, a stack tells in every form that a program is shipped in; `import.meta.url` is missing in a bundle to CommonJS.
 * Inside a bundle without source maps our frames look like the user's, and then no line is better than a wrong one.
 */
function isOwn(place: string): boolean {
  own ??= ownPlaces()
  return own.some(start => place.startsWith(start))
}

/** The folders of Mayfly's sources, or the bundle that holds them. */
function ownPlaces(): string[] {
  const inside: { stack?: unknown } = {}
  captureStack(inside, 1)
  const here = placeOf(framesOf(inside.stack)[0] ?? '') ?? ''
  const home = /^(.*[\\/])lib([\\/])diagnostics[\\/]call-site\.[jt]s:\d+:\d+$/.exec(here)
  if (home) return [`${home[1]}lib${home[2]}`, `${home[1]}adapters${home[2]}`]
  return [here.replace(/\d+:\d+$/, '')]
}
