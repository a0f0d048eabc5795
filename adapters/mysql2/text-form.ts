import type { MayflyQuery } from '../../lib/connection/driver.js'
import type { Escaping } from './escaping.js'
import { inlined } from './parameters.js'
import type { RawConnection } from './raw-connection.js'
import type { StatementText } from './statement-texts.js'

/** The statements of one connection as text, with their values in it. */
export class TextForm {
  readonly #raw: RawConnection
  readonly #escaping: Escaping

  constructor(raw: RawConnection, escaping: Escaping) {
    this.#raw = raw
    this.#escaping = escaping
  }

  /**
   * Whether the server must first be asked what a backslash is. For a statement that may change that itself, before it reads its literals, no answer
   * would be right.
   */
  mustAsk({ parameters }: MayflyQuery, { sessionEffect }: StatementText): boolean {
    return sessionEffect === 'none' && this.#escaping.mustAsk(parameters)
  }

  /**
   * What is sent. Without values a text is as it is.
   * @throws InvalidArgumentError for a value that MySQL cannot store
   */
  of({ sql, parameters, ours }: MayflyQuery, { parts }: StatementText): string {
    if (parameters.length === 0) return sql
    return inlined(sql, parts!, parameters, {
      ours: ours === true,
      escaping: this.#escaping,
      raw: this.#raw,
    })
  }
}
