import type { DatabaseFailure } from '../../lib/connection/driver.js'
import type { DatabaseErrorKind } from '../../lib/errors.js'
import { CONNECTION_LOST, SqliteError } from './sqlite-error.js'

const KINDS: Readonly<Record<string, DatabaseErrorKind>> = {
  [CONNECTION_LOST]: 'connectionLost',
  SQLITE_AUTH: 'accessDenied',
  SQLITE_BUSY: 'lockTimeout',
  SQLITE_BUSY_RECOVERY: 'lockTimeout',
  SQLITE_BUSY_SNAPSHOT: 'serialization',
  SQLITE_BUSY_TIMEOUT: 'lockTimeout',
  SQLITE_CANTOPEN: 'unknownDatabase',
  SQLITE_CONSTRAINT_CHECK: 'check',
  SQLITE_CONSTRAINT_DATATYPE: 'value',
  SQLITE_CONSTRAINT_FOREIGNKEY: 'foreignKey',
  SQLITE_CONSTRAINT_NOTNULL: 'notNull',
  SQLITE_CONSTRAINT_PRIMARYKEY: 'unique',
  SQLITE_CONSTRAINT_ROWID: 'unique',
  SQLITE_CONSTRAINT_UNIQUE: 'unique',
  SQLITE_INTERRUPT: 'cancelled',
  SQLITE_LOCKED: 'lockTimeout',
  SQLITE_MISMATCH: 'value',
  SQLITE_NOTADB: 'unknownDatabase',
  SQLITE_PERM: 'accessDenied',
  SQLITE_READONLY: 'readOnly',
  SQLITE_TOOBIG: 'tooLarge',
}

/** Errors that share SQLite's most general code, by their text. */
const TEXTS: readonly (readonly [RegExp, DatabaseErrorKind])[] = [
  [/^no such table: (.+)$/, 'unknownTable'],
  [/^no such column: (.+?)(?: - should this be .*)?$/, 'unknownColumn'],
  [/^table (.+) has no column named (.+)$/, 'unknownColumn'],
  [/^near "(\w*[a-z_]\w*|\W)": syntax error$/i, 'syntax'],
  [/syntax error$|^incomplete input$|^unrecognized token: /, 'syntax'],
  [
    /^(too many .+|Expression tree is too large .+|parser stack overflow|LIKE or GLOB .+)$/,
    'tooLarge',
  ],
  [/^(?:ambiguous column name|no such (?:function|savepoint|index|view|trigger)): (.+)$/, 'other'],
  [/^((?:table|index|view|trigger) .+ already exists)$/, 'other'],
  [/^(cannot (?:start|commit|rollback)\b.*)$/, 'other'],
]

/** Sorts an error of this driver into a kind; `undefined` for what is none. The detail holds names, never values. */
export function classify(error: unknown): DatabaseFailure | undefined {
  if (!(error instanceof SqliteError)) return undefined
  const { code = '', message } = error
  if (code === 'SQLITE_ERROR') return fromText(message)
  const kind = KINDS[code] ?? 'other'
  const detail = detailOf(error, kind)
  return { kind, ...(detail !== undefined && { detail }) }
}

function fromText(message: string): DatabaseFailure {
  for (const [pattern, kind] of TEXTS) {
    const match = pattern.exec(message)
    if (!match) continue
    const detail = match.slice(1).join('.')
    return { kind, ...(detail && { detail }) }
  }
  return { kind: 'other' }
}

function detailOf(
  { code, message, database }: SqliteError,
  kind: DatabaseErrorKind,
): string | undefined {
  switch (kind) {
    case 'unique':
    case 'notNull':
    case 'check':
      return /constraint failed: (.+)$/.exec(message)?.[1]
    case 'value':
      return /^cannot store \w+ value in \w+ column (.+)$/.exec(message)?.[1]
    case 'unknownDatabase':
      return code === 'SQLITE_NOTADB' ? `${database} is no SQLite database` : database
    case 'lockTimeout':
      return database === ':memory:'
        ? 'writing locks the whole of an in-memory database'
        : undefined
    default:
      return undefined
  }
}
