/** One change of a source file. */
export interface Change {
  readonly file: string
  /** Text that is in the file once, and what stands in its place. */
  readonly find: string
  readonly replace: string
}

/** One small defect of the sources, and the tests that must catch it. */
export interface Defect extends Change {
  /** Short and stable: `waiter-lost`. */
  readonly id: string
  /** What it breaks, in a sentence. */
  readonly breaks: string
  /** The numbers of the rules that it breaks, as tests cite them. */
  readonly rule: string
  /** A second change, where another guard makes up for the first one. */
  readonly also?: Change
  /** The database that shows it, where neither SQLite nor MariaDB does. */
  readonly on?: 'mysql' | 'postgres'
  /** Spec files. Each of them must catch it, alone. */
  readonly caughtBy: readonly string[]
}

/** The random histories: a defect that they catch needs nobody to have thought of it. */
export const HISTORIES = 'test/histories/histories.test.ts'
/** The same on real databases, without faults. */
export const REAL_HISTORIES = 'test/histories/real-databases.test.ts'
/** What happens to a pool. */
export const POOL_HISTORIES = 'test/histories/pools.test.ts'
