/** The message texts of this adapter. Messages never contain a value that a user sent to the database. */
import type { StoredAs } from '../../lib/connection/driver.js'
import { DatabaseError, InvalidArgumentError } from '../../lib/errors.js'
import { shownSql } from '../../lib/shown-sql.js'

export function sqliteTargetInvalid(): InvalidArgumentError {
  return new InvalidArgumentError(
    "sqlite() needs the path of a file, sqlite('shop.db'), or sqlite(':memory:') for a database that lives as long as the dialect.",
  )
}

export function sqliteMemoryReadOnly(): InvalidArgumentError {
  return new InvalidArgumentError(
    "sqlite(':memory:', { readOnly: true }) would stay empty for ever. Leave readOnly out, or pass the path of a file.",
  )
}

export function sqlitePragmaInvalid(name: string, problem: string): InvalidArgumentError {
  return new InvalidArgumentError(`The pragma ${JSON.stringify(name)} of sqlite() ${problem}.`, {
    argument: name,
  })
}

export function sqliteNodeTooOld(version: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `sqlite() needs Node 22.13 or newer, which has SQLite in it; this is ${version}. Update Node.`,
  )
}

export function sqliteWorkerMissing(): InvalidArgumentError {
  return new InvalidArgumentError(
    "sqlite() cannot find the file of its threads, because a bundler has left it behind. Keep 'mayfly/sqlite' out of the bundle (esbuild: " +
      '--external:mayfly) and install it beside it.',
  )
}

export function sqliteMemoryUnsupported(cause: unknown): InvalidArgumentError {
  return new InvalidArgumentError(
    "sqlite(':memory:') needs Node 22.15 or newer, where connections can share a database in memory. Update Node, or pass " +
      'the path of a file.',
    { cause },
  )
}

export function sqliteClosed(database: string): DatabaseError {
  return new DatabaseError(
    `No connection can be taken: the sqlite dialect for ${database} was closed. Take connections before the container is disposed.`,
    'connectionRefused',
    undefined,
    undefined,
  )
}

export function sqliteNoStatement(): InvalidArgumentError {
  return new InvalidArgumentError(
    'The SQL text holds no statement, only space or comments. Nothing was sent.',
  )
}

export function sqliteSeveralStatements(sql: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `The SQL text holds more than one statement, and only the first would run. Nothing was run. Send them one by one. SQL: ${shownSql(sql)}`,
    { sql },
  )
}

export function sqliteParameterCount(
  given: number,
  placeholders: number,
  sql: string,
): InvalidArgumentError {
  return new InvalidArgumentError(
    `${given} parameters were given for ${placeholders} placeholders. Nothing was sent. Give a value, or null, for each ?. SQL: ${shownSql(sql)}`,
    { sql },
  )
}

export function sqliteTooManyParameters(given: number, most: number, sql: string): DatabaseError {
  return new DatabaseError(
    `A statement has ${given} values, and SQLite takes at most ${most}. Nothing was sent. Send them in parts, or as one: ` +
      `json_each(JSON.stringify(list)). SQL: ${shownSql(sql)}`,
    'tooLarge',
    sql,
    undefined,
  )
}

/** @param instead what to pass, like `JSON.stringify(...)` */
export function sqliteParameterRefused(
  position: number,
  what: string,
  instead: string,
  sql: string,
): InvalidArgumentError {
  return new InvalidArgumentError(
    `Parameter ${position} is ${what}, which no column of SQLite stores. Nothing was sent. Pass ${instead} of it. SQL: ${shownSql(sql)}`,
    { position, sql },
  )
}

const STORED: Readonly<Record<Exclude<StoredAs, 'document' | 'time'>, string>> = {
  text: 'makes a number of a text that looks like one (007 becomes 7). Make the column text',
  boolean: 'compares and sorts 0 and 1 as text. Make the column integer',
  number: 'compares and sorts numbers as text (10 before 9). Make the column integer or real',
  decimal:
    "compares and sorts them as text (10.5 before 9.5), or rounds them. Make the column numeric, for 15 digits; or integer, with decimal({ scale, stored: 'integer' })",
  whole: 'compares and sorts whole numbers as text, or rounds them. Make the column integer',
}

/** @param type of the declaration, `decimal` */
export function sqliteColumnKeeps(
  column: string,
  declared: string,
  as: Exclude<StoredAs, 'document' | 'time'>,
  type: string,
): InvalidArgumentError {
  const what = declared === '' ? 'without a type' : `as ${declared}`
  return new InvalidArgumentError(
    `${column} is declared as ${type}() by its set, and ${what} by its table, where SQLite ${STORED[as]}, or declare what it is. Nothing was sent.`,
    { argument: column },
  )
}
