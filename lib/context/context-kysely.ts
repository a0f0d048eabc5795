import {
  DefaultQueryExecutor,
  Kysely,
  Transaction,
  type ConnectionProvider,
  type DatabaseConnection,
  type KyselyPlugin,
  type KyselyProps,
  type TransactionSettings,
} from 'kysely'
import { kyselyRefused } from '../errors.js'
import type { LeaseHandle } from './lease-handle.js'
import { runTransaction } from './run-transaction.js'
import { OpenConnection } from './transaction-handle.js'

/** What Kysely takes for a connection is the lease: same guard, same transaction, same end. */
class LeaseConnection implements DatabaseConnection, ConnectionProvider {
  readonly executeQuery: DatabaseConnection['executeQuery']
  readonly streamQuery: DatabaseConnection['streamQuery']

  constructor(handle: LeaseHandle) {
    this.executeQuery = query => handle.query(query)
    this.streamQuery = (query, chunkSize) => handle.stream(query, chunkSize)
  }

  provideConnection<R>(consumer: (connection: DatabaseConnection) => Promise<R>): Promise<R> {
    return consumer(this)
  }
}

/** A Kysely that is bound to one context: its transactions are the context's, and it can close nothing. */
export class ContextKysely<DB> extends Kysely<DB> {
  readonly #handle: LeaseHandle
  readonly #props: KyselyProps

  static of<DB>(handle: LeaseHandle): ContextKysely<DB> {
    const { compiler, adapter } = handle.source
    const executor = new DefaultQueryExecutor(compiler, adapter, new LeaseConnection(handle))
    return new ContextKysely<DB>(handle, handle.source.kyselyProps(executor))
  }

  private constructor(handle: LeaseHandle, props: KyselyProps) {
    super(props)
    this.#handle = handle
    this.#props = props
  }

  override transaction(): ReturnType<Kysely<DB>['transaction']> {
    return new ContextTransactionBuilder<DB>(this.#handle, this.#props, {}) as never
  }

  override connection(): ReturnType<Kysely<DB>['connection']> {
    const execute = async <R>(work: (db: Kysely<DB>) => Promise<R>): Promise<R> => {
      const pin = await this.#handle.lease.operations.openConnection()
      await using _ = new OpenConnection(this.#handle, pin)
      return await work(this)
    }
    return { execute } as never
  }

  override startTransaction(): never {
    throw kyselyRefused(
      'startTransaction',
      'use transaction(), or beginTransaction() of the context',
    )
  }

  override destroy(): Promise<never> {
    return Promise.reject(
      kyselyRefused(
        'destroy',
        'the connections belong to the container, which closes them when it is disposed',
      ),
    )
  }

  override withPlugin(plugin: KyselyPlugin): ContextKysely<DB> {
    return this.#with(this.#props.executor.withPlugin(plugin))
  }

  override withoutPlugins(): ContextKysely<DB> {
    return this.#with(this.#props.executor.withoutPlugins())
  }

  override withSchema(schema: string): ContextKysely<DB> {
    return this.#with(super.withSchema(schema).getExecutor())
  }

  override withTables<T extends Record<string, any>>(): ReturnType<Kysely<DB>['withTables']> &
    Kysely<DB & T> {
    return this.#with(this.#props.executor) as never
  }

  #with(executor: KyselyProps['executor']): ContextKysely<DB> {
    return new ContextKysely<DB>(this.#handle, { ...this.#props, executor })
  }
}

class ContextTransactionBuilder<DB> {
  readonly #handle: LeaseHandle
  readonly #props: KyselyProps
  readonly #settings: TransactionSettings

  constructor(handle: LeaseHandle, props: KyselyProps, settings: TransactionSettings) {
    this.#handle = handle
    this.#props = props
    this.#settings = settings
  }

  setAccessMode(accessMode: TransactionSettings['accessMode']): ContextTransactionBuilder<DB> {
    return this.#with({ accessMode })
  }

  setIsolationLevel(
    isolationLevel: TransactionSettings['isolationLevel'],
  ): ContextTransactionBuilder<DB> {
    return this.#with({ isolationLevel })
  }

  execute<R>(work: (trx: Transaction<DB>) => Promise<R>): Promise<R> {
    return runTransaction(this.#handle, this.#settings, () =>
      work(new Transaction<DB>(this.#props)),
    )
  }

  #with(settings: TransactionSettings): ContextTransactionBuilder<DB> {
    return new ContextTransactionBuilder(this.#handle, this.#props, {
      ...this.#settings,
      ...settings,
    })
  }
}
