import type { CompiledQuery, QueryResult } from 'kysely'
import type { Naming } from '../query/names/column-names.js'
import type { NamedSource } from '../query/names/named-source.js'
import type { QueryRunner, RunOptions } from '../query/query-runner.js'
import type { SetModels } from '../query/set-models.js'
import type { SqlSource } from '../query/sql-source.js'
import type { TrackerHolder } from '../tracking/entity-entry.js'
import { Tracker } from '../tracking/tracker.js'
import type { Interception } from './interception.js'
import type { Lease } from './lease.js'
import type { OwnEnd } from './own-end.js'
import type { ResultStream } from './result-stream.js'

/**
 * How a context, and everything that was taken from it, holds its lease. Scopes, factories and gates hold the lease itself: when no handle
 * can be reached any more, nobody can use the lease, and nobody can dispose it (C8).
 */
export class LeaseHandle implements QueryRunner, TrackerHolder {
  readonly lease: Lease
  /** What holds the scope of its context, so that whoever has the one keeps the other (S4). */
  holder: unknown
  /** The end of its context, where the class has one of its own. */
  ownEnd: OwnEnd | undefined
  /** What takes part in saves, where something does. */
  interception: Interception | undefined
  /** Where columns are not called as their properties are. */
  named: NamedSource | undefined

  #tracker: Tracker | undefined

  constructor(lease: Lease) {
    this.lease = lease
  }

  get id(): string {
    return this.lease.id
  }

  get source(): SqlSource {
    return this.named ?? this.lease.source
  }

  get tracker(): Tracker {
    this.lease.assertAlive()
    return (this.#tracker ??= new Tracker(this.lease.tracked))
  }

  get tracks(): boolean {
    return this.lease.options.tracking ?? true
  }

  get isAlive(): boolean {
    return this.lease.endReason === undefined
  }

  get isInTransaction(): boolean {
    return this.lease.transaction !== undefined
  }

  get naming(): Naming | undefined {
    return this.lease.options.naming
  }

  /** From here on statements say the names of properties. */
  useNames(models: SetModels): void {
    this.named = models.namedSource(this.lease.source, this.naming)
  }

  /** The end of a transaction, and after it what interceptors are told of it. */
  async ended(end: Promise<void>): Promise<void> {
    try {
      await end
    } finally {
      await this.interception?.drain()
    }
  }

  assertAlive(): void {
    this.lease.assertAlive()
  }

  query<R>(query: CompiledQuery, options?: RunOptions): Promise<QueryResult<R>> {
    return this.lease.operations.query(query, options)
  }

  stream<R>(query: CompiledQuery, chunkSize: number, options?: RunOptions): ResultStream<R> {
    return this.lease.operations.stream(query, chunkSize, options)
  }
}
