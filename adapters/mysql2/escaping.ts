import { CompiledQuery, type DatabaseConnection } from 'kysely'
import mysql2 from 'mysql2'
import { mysqlCharactersCut } from './errors.js'

/**
 * How text with a backslash in it is written into a statement: the backslash doubled, or as it is, by what the server makes of it in this session;
 * or all of it as hexadecimal digits, which is right always. These have a collation of their own, though, which two literals that are compared must
 * not have, so they are the last resort.
 */
export type BackslashRule = 'doubled' | 'plain' | 'hex'

/**
 * Text as a literal. A quote is doubled, which every server takes in every mode and character set: in none of them is it part of another
 * character. All that depends on the session is a backslash.
 */
export function quoted(text: string, rule: BackslashRule): string {
  if (rule === 'hex') return `_utf8mb4 x'${Buffer.from(text).toString('hex')}'`
  const doubled = text.replaceAll("'", "''")
  return `'${rule === 'doubled' ? doubled.replaceAll('\\', '\\\\') : doubled}'`
}

const NON_ASCII = /[^\0-\x7f]/
const BEYOND_LATIN1 = /[^\0-\xff]/

/** What a server must have said before text with a backslash is written: whoever else uses the session may have changed its mode. */
export class Escaping {
  readonly #config: object
  #rule: BackslashRule | undefined

  /** @param config of a connection, whose character set may change with its session */
  constructor(config: object) {
    this.#config = config
  }

  /** Something may have changed the session. */
  forget(): void {
    this.#rule = undefined
  }

  /** Whether a value can only be written once {@link ask} has. */
  mustAsk(values: readonly unknown[]): boolean {
    if (this.#rule !== undefined || !this.#isUtf8) return false
    return values.some(value => typeof value === 'string' && value.includes('\\'))
  }

  /** Asks the server what it makes of a backslash. */
  async ask(connection: DatabaseConnection): Promise<void> {
    const { rows } = await connection.executeQuery<{ plain: unknown; charset: unknown }>(ASK)
    // A pool may be set to read values in ways of its own.
    const [plain, charset] = [String(rows[0]!.plain), String(rows[0]!.charset)]
    if (!charset.startsWith('utf8')) this.#rule = 'hex'
    else this.#rule = RULES.get(plain) ?? 'hex'
  }

  /**
   * Of a character that Latin-1 does not have mysql2 sends the last byte, which may be a quote.
   * @throws InvalidArgumentError for a text that would become another one so
   */
  check(sql: string): void {
    if (!this.#isUtf8 && cut.has(this.#charset) && BEYOND_LATIN1.test(sql))
      throw mysqlCharactersCut(sql)
  }

  /** Text as a literal. */
  literal(text: string): string {
    if (text.includes('\\')) return quoted(text, (this.#isUtf8 && this.#rule) || 'hex')
    return quoted(text, !this.#isUtf8 && NON_ASCII.test(text) ? 'hex' : 'plain')
  }

  /**
   * Whether each character is sent as bytes that no server takes for another one. In other character sets (GBK, Big5, Shift JIS) the last byte of a
   * character may be that of a backslash.
   */
  get #isUtf8(): boolean {
    return utf8.has(this.#charset)
  }

  get #charset(): number {
    return (this.#config as { readonly charsetNumber: number }).charsetNumber
  }
}

const ASK = CompiledQuery.raw(
  "select find_in_set('NO_BACKSLASH_ESCAPES', @@sql_mode) > 0 as plain, @@character_set_client as charset",
)

const RULES: ReadonlyMap<string, BackslashRule> = new Map([
  ['0', 'doubled'],
  ['1', 'plain'],
])

const utf8 = numbersOf(/^UTF8/)
/** Those that mysql2 writes with Node's own `latin1`. */
const cut = numbersOf(/^(?:LATIN1|ASCII|BINARY)/)

function numbersOf(names: RegExp): ReadonlySet<number> {
  const charsets = Object.entries(mysql2.Charsets)
  return new Set(charsets.filter(([name]) => names.test(name)).map(([, number]) => Number(number)))
}
