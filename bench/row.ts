import type { Engine } from './engine.js'

/** One thing that is measured, by several candidates that do the same. */
export interface Row {
  readonly title: string
  /** Whose server it needs; `undefined` where it needs none. */
  readonly engine?: Engine
  /** The candidate that the others are compared with. */
  readonly limit: string
  /** What the product must reach: a ratio to the limit. */
  readonly budgets: Readonly<Record<string, readonly Budget[]>>
  /** The candidates that run with NODE_ENV=development; all others run in production. */
  readonly inDevelopment?: readonly string[]
  /** How many run at the same time in one process. */
  readonly inFlight?: number
  readonly candidates: Readonly<
    Record<string, (server: BenchServer) => Candidate | Promise<Candidate>>
  >
}

export interface Budget {
  /**
   * `throughput` counts operations; `time` is its inverse; `cpu` is that of an operation, `memory` what is resident. The least ones are those of all
   * rounds of each, which neighbours on the machine move least; the others are medians of the ratios of each round.
   */
  readonly of: 'throughput' | 'time' | 'cpu' | 'memory' | 'least time' | 'least cpu'
  readonly least?: number
  readonly most?: number
}

/** The server of the row's engine, with the tables of `bench/schema.ts`. */
export interface BenchServer {
  readonly url: string
}

export interface Candidate {
  /** One operation, or as many as `batch` says. */
  run?(): unknown
  /** For what another process drives: how many operations it did in so many ms. */
  drive?(duration: number): Promise<number>
  /** Operations per `run`, for what is too short to be timed alone. */
  readonly batch?: number
  /** The 99th percentile of how long something took (ms), where the slow ones matter. */
  slowest?(): Promise<number>
  end?(): unknown
}

/** What one candidate did in one round. */
export interface Measurement {
  readonly operations: number
  /** Wall clock (ms). */
  readonly time: number
  /** CPU of the process (ms). */
  readonly cpu: number
  /** Resident memory of the process at the end (MB). */
  readonly memory: number
  /** The 99th percentile (ms), where the row asks for it. */
  readonly p99: number | undefined
}
