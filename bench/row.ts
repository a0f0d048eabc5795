/** One thing that is measured, by several candidates that do the same. */
export interface Row {
  readonly title: string
  /** The candidate that the others are compared with. */
  readonly limit: string
  /** What the product must reach: a ratio to the limit. */
  readonly budgets: Readonly<Record<string, Budget>>
  /** How many run at the same time in one process. */
  readonly inFlight?: number
  readonly candidates: Readonly<
    Record<string, (server: BenchServer) => Candidate | Promise<Candidate>>
  >
}

export interface Budget {
  /** `throughput` counts operations; `time` is its inverse. */
  readonly of: 'throughput' | 'time'
  readonly least?: number
  readonly most?: number
}

/** A MySQL or MariaDB server with the tables of `bench/schema.ts`. */
export interface BenchServer {
  readonly url: string
}

export interface Candidate {
  /** One operation, or as many as `batch` says. */
  run(): unknown
  /** Operations per `run`, for what is too short to be timed alone. */
  readonly batch?: number
  end?(): unknown
}

/** What one candidate did in one round. */
export interface Measurement {
  readonly operations: number
  /** Wall clock (ms). */
  readonly time: number
  /** CPU of the process (ms). */
  readonly cpu: number
}
