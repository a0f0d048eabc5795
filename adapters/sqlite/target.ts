import { randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import { checkLimit } from '../../lib/support/check-limit.js'
import { anything, checkEachOption, type OptionChecks } from '../../lib/support/check-options.js'
import { InvalidArgumentError } from '../../lib/errors.js'
import { sqliteMemoryReadOnly, sqlitePragmaInvalid, sqliteTargetInvalid } from './errors.js'
import { DEFAULT_BUSY_TIMEOUT, DEFAULT_MAX_CONNECTIONS, type SqliteOptions } from './options.js'
import type { OpenSettings } from './protocol.js'

/** What `sqlite(target, options)` was given, checked and completed. */
export interface SqliteTarget extends OpenSettings {
  /** The path or `:memory:`, for people. */
  readonly name: string
  readonly inMemory: boolean
  /** Connections. */
  readonly maxConnections: number
}

const MEMORY = ':memory:'

const OPTIONS: OptionChecks<SqliteOptions> = {
  maxConnections: value => checkLimit(InvalidArgumentError, 'maxConnections', value, 'connections'),
  busyTimeout: value => checkLimit(InvalidArgumentError, 'busyTimeout', value, 'ms'),
  pragmas: anything,
  readOnly: anything,
}

/** @throws InvalidArgumentError when nothing can be opened with it. */
export function readTarget(target: string, options: SqliteOptions): SqliteTarget {
  if (typeof target !== 'string' || target.trim() === '') throw sqliteTargetInvalid()
  checkEachOption(InvalidArgumentError, 'sqlite()', options, OPTIONS)
  const { maxConnections = DEFAULT_MAX_CONNECTIONS, busyTimeout = DEFAULT_BUSY_TIMEOUT } = options
  const { readOnly = false, pragmas = {} } = options
  const inMemory = target === MEMORY
  if (inMemory && readOnly) throw sqliteMemoryReadOnly()
  return {
    name: inMemory ? MEMORY : resolve(target),
    // Not `:memory:`, which is a database of its own for each connection.
    location: inMemory ? `file:/mayfly-${randomUUID()}?vfs=memdb` : resolve(target),
    inMemory,
    readOnly,
    maxConnections,
    pragmas: [
      ...pragmaTexts({
        busy_timeout: busyTimeout,
        ...(!inMemory && !readOnly && { journal_mode: 'wal' }),
        foreign_keys: 'on',
        ...lowerCased(pragmas),
      }),
      // Reads the file's first page, so that a file that is no database is noticed now.
      'pragma schema_version',
    ],
  }
}

function lowerCased(pragmas: Readonly<Record<string, string | number>>): typeof pragmas {
  return Object.fromEntries(
    Object.entries(pragmas).map(([name, value]) => [name.toLowerCase(), value]),
  )
}

function pragmaTexts(pragmas: Readonly<Record<string, string | number>>): string[] {
  return Object.entries(pragmas).map(([name, value]) => {
    if (!/^[a-z_]+$/.test(name)) throw sqlitePragmaInvalid(name, 'is no name of a pragma')
    if (name === 'query_only')
      throw sqlitePragmaInvalid(name, 'belongs to read-only transactions; use readOnly: true')
    if (typeof value === 'number' ? !Number.isFinite(value) : typeof value !== 'string')
      throw sqlitePragmaInvalid(name, 'needs a text or a number')
    return `pragma ${name} = '${String(value).replaceAll("'", "''")}'`
  })
}
