import type { CompiledQuery } from 'kysely'
import { sqliteNoStatement, sqliteParameterCount } from './errors.js'
import { toBindable } from './parameters.js'
import type { Bindable } from './protocol.js'

/** What has to be known of a statement before it is sent. */
export interface ReadStatement {
  readonly parameters: readonly Bindable[]
  /** It inserts, updates or deletes rows. */
  readonly writes: boolean
  readonly inserts: boolean
}

/** A doubled quote inside of a text ends one and begins the next, which comes to the same. */
const QUOTED_OR_COMMENT = /'[^']*'|"[^"]*"|`[^`]*`|\[[^\]]*\]|--[^\n]*|\/\*[^]*?(?:\*\/|$)/g
const FIRST_WORD = /^[\s;]*(\w+)/
/** What a `with` can lead to. None of these words can be a bare name, but for the function replace(). */
const WRITING_WORD = /\b(insert|update|delete|replace(?=\s+into\b))\b/i
const PLACEHOLDER = /\?(\d*)/g
const NAMED_PLACEHOLDER = /(?<![\w$])[:@$][a-z_]/i

/** @throws InvalidArgumentError for an empty text, a wrong number of values, or a value that SQLite cannot store. */
export function readStatement(query: CompiledQuery): ReadStatement {
  const { sql, parameters } = query
  const bare = sql.replace(QUOTED_OR_COMMENT, ' ')
  const first = FIRST_WORD.exec(bare)?.[1]?.toLowerCase()
  if (first === undefined && /^[\s;]*$/.test(bare)) throw sqliteNoStatement()
  // SQLite takes a missing value for null.
  const placeholders = countPlaceholders(bare)
  if (placeholders !== undefined && placeholders !== parameters.length)
    throw sqliteParameterCount(parameters.length, placeholders, sql)
  const verb = first === 'with' ? WRITING_WORD.exec(bare)?.[1]?.toLowerCase() : first
  const inserts = verb === 'insert' || verb === 'replace'
  return {
    parameters: toBindable(query),
    writes: inserts || verb === 'update' || verb === 'delete',
    inserts,
  }
}

/** `undefined` for named ones, whose number depends on their names. */
function countPlaceholders(bare: string): number | undefined {
  if (NAMED_PLACEHOLDER.test(bare)) return undefined
  let largest = 0
  for (const [, number] of bare.matchAll(PLACEHOLDER)) {
    largest = number ? Math.max(largest, Number(number)) : largest + 1
  }
  return largest
}
