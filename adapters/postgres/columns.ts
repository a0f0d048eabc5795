import type { CustomTypesConfig } from 'pg'
import { interned } from '../../lib/support/interned.js'

/** A column as the server describes it. */
export interface Field {
  readonly name: string
  readonly dataTypeID: number
  readonly format: 'text' | 'binary'
}

type Parse = (value: string | Buffer) => unknown

/** The columns of a statement, and what makes rows of its answers. */
export class Columns {
  /** How its values are read. */
  readonly types: CustomTypesConfig
  readonly #names: readonly string[]
  readonly #parsers: readonly Parse[]
  /** Copied for each row: the engine knows its shape then, whatever the names are. */
  readonly #empty: Record<string, unknown>

  constructor(fields: readonly Field[], types: CustomTypesConfig) {
    this.types = types
    this.#names = fields.map(({ name }) => interned(name))
    this.#parsers = fields.map(({ dataTypeID, format }) => {
      const parse = types.getTypeParser(dataTypeID, format) as Parse
      return format === 'binary' ? value => parse(Buffer.from(value)) : parse
    })
    this.#empty = Object.fromEntries(this.#names.map(name => [name, null]))
  }

  /** Of two columns of one name the last one is kept. */
  row(values: readonly (string | null)[]): Record<string, unknown> {
    const row = { ...this.#empty }
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!
      row[this.#names[i]!] = value === null ? null : this.#parsers[i]!(value)
    }
    return row
  }
}
