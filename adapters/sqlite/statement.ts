import type { CompiledQuery } from 'kysely'
import { Recent } from '../../lib/support/recent.js'
import { sqliteNoStatement, sqliteParameterCount, sqliteTooManyParameters } from './errors.js'
import { changesConnection } from './telling-words.js'

/** How many values a statement may have: SQLite's own limit, as Node builds it. */
const MOST_PARAMETERS = 32_766

/** What has to be known of a statement's text before it is sent. */
export interface StatementText {
  readonly isEmpty: boolean
  /** `undefined` for named ones, whose number depends on their names. */
  readonly placeholders: number | undefined
  /** It inserts, updates or deletes rows. */
  readonly writes: boolean
  readonly inserts: boolean
  /** It may leave something in its connection. */
  readonly changesConnection: boolean
}

/** A doubled quote inside of a text ends one and begins the next, which comes to the same. */
const QUOTED_OR_COMMENT = /'[^']*'|"[^"]*"|`[^`]*`|\[[^\]]*\]|--[^\n]*|\/\*[^]*?(?:\*\/|$)/g
const FIRST_WORD = /^[\s;]*(\w+)/
/** What a `with` can lead to. None of these words can be a bare name, but for the function replace(). */
const WRITING_WORD = /\b(insert|update|delete|replace(?=\s+into\b))\b/i
const PLACEHOLDER = /\?(\d*)/g
const NAMED_PLACEHOLDER = /(?<![\w$])[:@$][a-z_]/i

/** The texts that a driver has seen lately. */
export class StatementTexts extends Recent<StatementText> {
  constructor() {
    super(readText)
  }
}

/** @throws InvalidArgumentError for an empty text and for a wrong number of values. */
export function checkStatement(
  { isEmpty, placeholders }: StatementText,
  { sql, parameters }: CompiledQuery,
): void {
  if (isEmpty) throw sqliteNoStatement()
  if (parameters.length > MOST_PARAMETERS)
    throw sqliteTooManyParameters(parameters.length, MOST_PARAMETERS, sql)
  // SQLite takes a missing value for null.
  if (placeholders !== undefined && placeholders !== parameters.length)
    throw sqliteParameterCount(parameters.length, placeholders, sql)
}

function readText(sql: string): StatementText {
  const bare = sql.replace(QUOTED_OR_COMMENT, ' ')
  const first = FIRST_WORD.exec(bare)?.[1]?.toLowerCase()
  const verb = first === 'with' ? WRITING_WORD.exec(bare)?.[1]?.toLowerCase() : first
  const inserts = verb === 'insert' || verb === 'replace'
  return {
    isEmpty: first === undefined && /^[\s;]*$/.test(bare),
    placeholders: countPlaceholders(bare),
    writes: inserts || verb === 'update' || verb === 'delete',
    inserts,
    changesConnection: changesConnection(sql, bare, first),
  }
}

function countPlaceholders(bare: string): number | undefined {
  if (NAMED_PLACEHOLDER.test(bare)) return undefined
  let largest = 0
  for (const [, number] of bare.matchAll(PLACEHOLDER)) {
    largest = number ? Math.max(largest, Number(number)) : largest + 1
  }
  return largest
}
