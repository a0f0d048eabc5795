import { inspect } from 'node:util'
import {
  DefaultQueryExecutor,
  Kysely,
  Transaction,
  type AbortableOperationOptions,
  type KyselyPlugin,
  type KyselyProps,
  type TransactionSettings,
} from 'kysely'
import type { Pin } from '../connection/held-connection.js'
import { kyselyRefused } from '../errors.js'
import type { LeaseHandle } from './lease-handle.js'
import { LeaseConnection } from './lease-connection.js'
import { runTransaction } from './run-transaction.js'
import { OpenConnection } from './transaction-handle.js'

/** A Kysely that is bound to one context: its transactions are the context's, and it can close nothing. */
export class ContextKysely<DB> extends Kysely<DB> {
  readonly #handle: LeaseHandle
  readonly #props: KyselyProps

  static of<DB>(handle: LeaseHandle): ContextKysely<DB> {
    const { lease, named } = handle
    const { compiler, adapter } = lease.source
    const { plugins = [] } = lease.options
    const executor = new DefaultQueryExecutor(compiler, adapter, new LeaseConnection(handle), [
      ...(named ? [named.plugin] : []),
      ...plugins,
    ])
    return new ContextKysely<DB>(handle, lease.source.kyselyProps(executor))
  }

  private constructor(handle: LeaseHandle, props: KyselyProps) {
    super(props)
    this.#handle = handle
    this.#props = props
  }

  [inspect.custom](): string {
    return `Kysely of ${this.#handle.id}`
  }

  override transaction(): ReturnType<Kysely<DB>['transaction']> {
    return new ContextTransactionBuilder<DB>(this.#handle, this.#props, {}) as never
  }

  override connection(): ReturnType<Kysely<DB>['connection']> {
    const execute = async <R>(
      work: (db: Kysely<DB>) => Promise<R>,
      { signal }: AbortableOperationOptions = {},
    ): Promise<R> => {
      const pin = await openConnection(this.#handle, signal)
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

/** Kysely throws the reason of a signal as it is. */
async function openConnection(
  { lease }: LeaseHandle,
  signal: AbortSignal | undefined,
): Promise<Pin> {
  signal?.throwIfAborted()
  try {
    return await lease.operations.openConnection(signal)
  } catch (error) {
    signal?.throwIfAborted()
    throw error
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
