import type { CustomTypesConfig } from 'pg'
import type { RawConnection } from './client.js'
import { Columns, type Field } from './columns.js'
import type { Sendable } from './parameters.js'
import type { Prepared } from './prepared-names.js'

export type Done = (error: Error | null, result: StatementResult) => void

/** A statement as it is sent. */
export interface StatementConfig {
  readonly text: string
  /** None at all: it goes as text, and may be several. */
  readonly values?: readonly Sendable[]
  /** What the server knows it as from its first time on. */
  readonly prepared?: Prepared
  readonly types: CustomTypesConfig
}

/** What the server answered. */
export interface StatementResult {
  /** `INSERT 0 3`; of several statements that of the last one. */
  readonly tag: string
  readonly rows: readonly unknown[]
  /** Whether the text was more than one statement; whose rows these are is not said then. */
  readonly isSeveral: boolean
}

/**
 * What pg submits, in place of its own query: what the server has said once of a prepared statement's
 * columns it is not asked again, and nothing is done for listeners that nobody has here. With it goes
 * the word that other names are not needed any more, which costs no round trip.
 */
export class Statement implements StatementResult {
  /** These three are what pg reads. */
  readonly text: string
  readonly name: string | undefined
  callback: Done
  /** Set by pg, for a client that was made so. */
  binary = false
  tag = ''
  rows: unknown[] = []
  isSeveral = false
  readonly #values: readonly Sendable[]
  readonly #prepared: Prepared | undefined
  readonly #types: CustomTypesConfig
  readonly #forgotten: readonly string[]
  #columns: Columns | undefined
  /** Of a reader of values. */
  #error: Error | undefined

  constructor(
    { text, values = [], prepared, types }: StatementConfig,
    forgotten: readonly string[],
    callback: Done,
  ) {
    this.text = text
    this.name = prepared?.name
    this.callback = callback
    this.#values = values
    this.#prepared = prepared
    this.#types = types
    this.#forgotten = forgotten
    // The same text may be a set's and a user's, who read values in different ways.
    if (prepared?.columns?.types === types) this.#columns = prepared.columns
  }

  submit(connection: RawConnection): void {
    if (!this.#prepared && this.#values.length === 0) return connection.query(this.text)
    connection.stream.cork()
    try {
      this.#send(connection)
    } finally {
      connection.stream.uncork()
    }
  }

  handleRowDescription({ fields }: { readonly fields: readonly Field[] }): void {
    this.#columns = new Columns(fields, this.#types)
    this.rows = []
  }

  handleDataRow({ fields: values }: { readonly fields: readonly (string | null)[] }): void {
    if (this.#error) return
    try {
      this.rows.push(this.#columns!.row(values))
    } catch (error) {
      this.#error = error as Error
    }
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    if (this.tag !== '') this.isSeveral = true
    this.tag = text
    if (this.#prepared) this.#prepared.columns = this.#columns ?? new Columns([], this.#types)
  }

  handleReadyForQuery(): void {
    this.callback(this.#error ?? null, this)
  }

  handleError(error: Error): void {
    this.callback(this.#error ?? error, this)
  }

  handleCopyInResponse(connection: RawConnection): void {
    connection.sendCopyFail('No source stream defined')
  }

  handleCopyData(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}

  #send(connection: RawConnection): void {
    const { name = '', text, binary } = this
    for (const forgotten of this.#forgotten) {
      connection.close({ type: 'S', name: forgotten }, true)
      delete connection.parsedStatements[forgotten]
    }
    // Of another text, it is a name that somebody else uses: then the server refuses this one.
    if (connection.parsedStatements[name] !== text)
      connection.parse({ name, text, types: [] }, true)
    connection.bind({ statement: name, values: this.#values, binary } as never, true)
    if (!this.#columns) connection.describe({ type: 'P', name: '' }, true)
    connection.execute(null, true)
    connection.sync()
  }
}
