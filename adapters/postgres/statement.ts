import pg, { type CustomTypesConfig, type QueryResult } from 'pg'
import type { RawConnection } from './client.js'

export type Done = (error: Error | null, result: QueryResult) => void

/** A statement as it is sent. */
export interface StatementConfig {
  readonly text: string
  /** None at all: it goes as text, and may be several. */
  readonly values?: unknown[]
  /** What the server knows it as from its first time on. */
  readonly name?: string
  readonly types: CustomTypesConfig
}

interface PreparedQuery {
  prepare(connection: RawConnection): void
}

const Base = pg.Query as unknown as new (
  config: StatementConfig & { readonly callback: Done },
) => PreparedQuery

/** pg's query; with it goes the word that other names are not needed any more, which costs no round trip. */
export class Statement extends Base {
  readonly #forgotten: readonly string[]

  constructor(config: StatementConfig, forgotten: readonly string[], callback: Done) {
    super({ ...config, callback })
    this.#forgotten = forgotten
  }

  override prepare(connection: RawConnection): void {
    for (const name of this.#forgotten) {
      connection.close({ type: 'S', name }, true)
      delete connection.parsedStatements[name]
    }
    super.prepare(connection)
  }
}
