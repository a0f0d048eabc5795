import { inspect } from 'node:util'
import type { Kysely, TransactionSettings } from 'kysely'
import { interceptorInvalid, optionsNotPassed } from '../errors.js'
import type { Key } from '../query/database-types.js'
import type { DbSet, SetOptions } from '../query/db-set.js'
import type { Relations } from '../query/relations.js'
import { SetMaker } from '../query/set-maker.js'
import { setModelsOf } from '../query/set-models.js'
import { ChangeTracker } from '../tracking/change-tracker.js'
import { EntityEntry } from '../tracking/entity-entry.js'
import { ContextKysely } from './context-kysely.js'
import { Interception } from './interception.js'
import { isInterceptor, type Interceptor } from './interceptor.js'
import type { LeaseHandle } from './lease-handle.js'
import type { DbContextOptions } from './options.js'
import { OwnEnd, type Endable } from './own-end.js'
import { runTransaction } from './run-transaction.js'
import { saveChanges } from './save-changes.js'
import { takeLease } from './ticket.js'
import { DbTransaction, OpenConnection } from './transaction-handle.js'

/** A class of contexts, as a registration takes it. */
export type DbContextClass<C> = new (options: DbContextOptions, cradle: any) => C

/**
 * One unit of work against one database, and one operation at a time. Making one touches no database. Derive from it, and declare
 * the tables that you use as sets.
 *
 * Who disposes it: the scope that it was resolved from, or whoever made it (with a factory or by hand). The idea is EF Core's
 * `DbContext`.
 *
 * @example
 * class ShopContext extends DbContext<ShopDatabase> {
 *   readonly users = this.set('users', { key: 'id' })
 * }
 */
export class DbContext<DB = any> implements AsyncDisposable {
  readonly #handle: LeaseHandle
  #kysely: ContextKysely<DB> | undefined
  #sets: SetMaker | undefined

  /**
   * @param options what the registration says; pass it on when you write a constructor of your own
   * @param _cradle the cradle of the scope, for constructors of derived classes
   * @throws RegistrationError without options or a dialect, for options that cannot work, and for a constructor that overrides `dialect` or `gate`
   */
  constructor(options: DbContextOptions, _cradle?: unknown) {
    if (typeof options !== 'object' || options === null) throw optionsNotPassed(new.target.name)
    this.#handle = takeLease(this, new.target, options)
    const { lease } = this.#handle
    const { naming, interceptors = [] } = lease.options
    if (interceptors.length > 0)
      this.#handle.interception = new Interception(this, this.#handle, interceptors)
    if (naming) this.#handle.useNames(setModelsOf(new.target))
    const own = OwnEnd.of(this, lease, new.target.prototype as Endable, DbContext.prototype)
    if (own) this.#handle.ownEnd = own
  }

  /** Names this one context in messages: its class and a number. */
  get id(): string {
    return this.#handle.id
  }

  /**
   * Kysely, bound to this context: the same guard, the same transaction. Its `transaction()` and `connection()` are the context's.
   * Values are what the driver gives. @throws ContextDisposedError
   */
  get kysely(): Kysely<DB> {
    this.#handle.assertAlive()
    return (this.#kysely ??= ContextKysely.of<DB>(this.#handle))
  }

  /**
   * The rows of a table. @throws RegistrationError without a table or a key; ContextDisposedError
   * @example readonly orders = this.set('orders', { key: 'id', columns: { createdAt: dateTime() } })
   */
  set<
    T extends keyof DB & string,
    const K extends Key<DB, T>,
    const R extends Relations<DB, T> = {},
    const Complete extends boolean = false,
  >(
    table: T,
    options: { readonly complete?: Complete | undefined } & SetOptions<
      DB,
      NoInfer<T>,
      K,
      Complete,
      R
    >,
  ): DbSet<DB, T, K, R, Complete extends true ? 'complete' : 'partial'> {
    this.#sets ??= new SetMaker(this.#handle, this.constructor)
    return this.#sets.make(table, options as never) as never
  }

  /**
   * Has an interceptor take part in the saves of this context, after those of its registration.
   * @throws InvalidArgumentError for what is no interceptor; ContextDisposedError
   */
  intercept(interceptor: Interceptor<this>): void {
    const handle = this.#handle
    handle.assertAlive()
    if (!isInterceptor(interceptor)) throw interceptorInvalid()
    handle.interception ??= new Interception(this, handle, [])
    handle.interception.add(interceptor)
  }

  /** What this context knows of its objects. @throws ContextDisposedError */
  get changeTracker(): ChangeTracker {
    this.#handle.assertAlive()
    return new ChangeTracker(this.#handle)
  }

  /** What this context knows of one object: its state, what has changed. @throws ContextDisposedError */
  entry<E extends object>(entity: E): EntityEntry<E> {
    this.#handle.assertAlive()
    return new EntityEntry<E>(this.#handle, entity)
  }

  /**
   * Writes what was added, changed and removed, all or nothing, in as few statements as are right; what has not changed is not sent. Inside a
   * transaction it is final when that is committed, and a rollback takes states and generated keys back, so that the next save writes the same again.
   * On a failure nothing is stored, states stay, and it can be called again.
   * @returns how many entities were written
   * @throws InvalidArgumentError for what cannot be written; UpdateConcurrencyError where a row is gone or has moved on, with its entity; DatabaseError
   *   with the entity that it is about, where that is known; CommitUncertainError when the answer was lost, and until the entities were reloaded or
   *   forgotten; ConcurrentOperationError; ConnectionTimeoutError; ContextDisposedError
   */
  async saveChanges(): Promise<number> {
    return saveChanges(this.#handle)
  }

  /**
   * Runs work in a transaction: committed when it returns, rolled back when it throws; the work's error is the one that is thrown, and a
   * rollback that failed as well is in its `suppressed`. Operations that still run at its end are waited for; what is started later is
   * refused. Where something in it was refused it is rolled back, and that refusal thrown, also when the work has caught it. Inside another
   * transaction it is a savepoint.
   * @throws TransactionEndedError for stray work; TransactionStateError; ConcurrentOperationError; ConnectionTimeoutError; DatabaseError;
   *   CommitUncertainError when the answer to the commit was lost
   */
  async transaction<R>(work: (db: this) => Promise<R>, settings?: TransactionSettings): Promise<R> {
    return runTransaction(this.#handle, settings, () => work(this))
  }

  /**
   * Begins a transaction that you end: `await using tx = await db.beginTransaction()` rolls back unless `await tx.commit()` ran. Work that
   * outlives it cannot be noticed; prefer `transaction(work)`. Errors as for `transaction`.
   */
  async beginTransaction(settings?: TransactionSettings): Promise<DbTransaction> {
    return new DbTransaction(
      this.#handle,
      await this.#handle.lease.operations.begin('explicit', settings),
    )
  }

  /**
   * Keeps one connection until the result is disposed: for session state, such as temporary tables or locks.
   * @throws ConnectionTimeoutError; ConcurrentOperationError; ContextDisposedError; DatabaseError
   */
  async openConnection(): Promise<OpenConnection> {
    const pin = await this.#handle.lease.operations.openConnection()
    return new OpenConnection(this.#handle, pin)
  }

  /**
   * Ends this context: a running statement is waited for, a stream is closed, a transaction is rolled back, the connection goes back. On a
   * context that a scope gave you it does nothing, because the scope disposes it. Twice is silent. A class may override it for what it
   * opened itself: that runs once and first, whoever ends the context, and the context ends whatever it does.
   */
  async dispose(): Promise<void> {
    const { lease } = this.#handle
    if (lease.owner === 'caller') await lease.dispose('disposed by its owner')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose()
  }

  [inspect.custom](): string {
    const { id, endReason, operations } = this.#handle.lease
    return `${id} (${endReason ?? operations.activity})`
  }
}
