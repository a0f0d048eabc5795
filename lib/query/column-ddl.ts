import { sql, type RawBuilder } from 'kysely'
import { ANY_DIALECT, type DatabaseFamily } from '../connection/dialect-values.js'
import { schemaUnsaid } from '../errors.js'
import type { DeclaredColumn } from './declared-column.js'
import type { DeclaredSet } from './set-model.js'

/** How a column is made. */
export interface ColumnDdl {
  /** Its type, as the database says it. */
  readonly type: string
  /** Whether the database numbers its rows. */
  readonly isNumbered: boolean
  /** What stands where nothing is given. */
  readonly otherwise: RawBuilder<unknown> | undefined
}

/** The families whose language is known. */
export type KnownFamily = Exclude<DatabaseFamily, 'other'>

/**
 * How a column of a complete set is made, so that its values fit, compare and sort as the set says.
 * @param isReferring whether it has the key of another table
 * @throws RegistrationError where the set does not say enough
 */
export function columnDdl(
  model: DeclaredSet,
  name: string,
  column: DeclaredColumn,
  family: KnownFamily,
  isReferring: boolean,
): ColumnDdl {
  const isKey = model.keys.includes(name)
  const isShort = isKey || isReferring || column.defaultValue !== undefined
  const type = typeOf(model.table, name, column, family, isShort)
  const isMade = column.rule.includes('generated')
  if (!isMade) return { type, isNumbered: false, otherwise: undefined }
  if (column.defaultValue !== undefined)
    return { type, isNumbered: false, otherwise: literal(column, family) }
  if (isKey && model.keys.length === 1 && NUMBERS.has(column.type))
    return { type, isNumbered: true, otherwise: undefined }
  return { type, isNumbered: false, otherwise: made(model, name, column, family) }
}

const NUMBERS: ReadonlySet<string> = new Set(['integer', 'bigInt'])

/** Keys and what has a default are short on MySQL, which has no index and no default for longer texts. */
const SHORT_TEXT = 255

function typeOf(
  table: string,
  name: string,
  { type, facets }: DeclaredColumn,
  family: KnownFamily,
  isShort: boolean,
): string {
  const { precision = 3, scale, stored, values } = facets
  switch (type) {
    case 'integer':
    case 'bigInt':
      return family === 'sqlite' ? 'integer' : 'bigint'
    case 'boolean':
      return family === 'sqlite' ? 'integer' : 'boolean'
    case 'real':
      return { mysql: 'double', postgres: 'double precision', sqlite: 'real' }[family]
    case 'decimal':
      if (stored) return family === 'sqlite' ? 'integer' : 'bigint'
      return {
        mysql: `decimal(65, ${scale ?? 30})`,
        postgres: scale === undefined ? 'numeric' : `numeric(65, ${scale})`,
        sqlite: 'numeric',
      }[family]
    case 'text':
      return family === 'mysql' ? (isShort ? `varchar(${SHORT_TEXT})` : 'longtext') : 'text'
    case 'oneOf': {
      const longest = Math.max(...(values ?? ['']).map(text => text.length), 1)
      return family === 'mysql' ? `varchar(${longest})` : 'text'
    }
    case 'uuid':
      return { mysql: 'char(36)', postgres: 'uuid', sqlite: 'text' }[family]
    case 'dateTime':
      if (stored === 'iso') return family === 'mysql' ? 'varchar(27)' : 'text'
      if (stored) return family === 'sqlite' ? 'integer' : 'bigint'
      return {
        mysql: `datetime(${precision})`,
        postgres: `timestamptz(${precision})`,
        sqlite: 'text',
      }[family]
    case 'date':
      return family === 'sqlite' ? 'text' : 'date'
    case 'time':
      return family === 'sqlite' ? 'text' : `time(${precision})`
    case 'bytes':
      return { mysql: isShort ? 'varbinary(255)' : 'longblob', postgres: 'bytea', sqlite: 'blob' }[
        family
      ]
    case 'json':
      return { mysql: 'json', postgres: 'jsonb', sqlite: 'text' }[family]
    case 'custom':
      throw schemaUnsaid(table, name, 'its type is one of your own')
  }
}

/** What the database makes where nothing was said but that it does. */
function made(
  { table, version, versionKind }: DeclaredSet,
  name: string,
  { type, facets, rule }: DeclaredColumn,
  family: KnownFamily,
): RawBuilder<unknown> {
  if (rule.includes('always'))
    throw schemaUnsaid(table, name, 'the database is to make it always, and it is not said how')
  if (name === version && versionKind === 'number') return sql`1`
  const isTime = type === 'dateTime' && facets.stored === undefined
  if (isTime && family === 'sqlite') return sql`current_timestamp`
  if (isTime) return sql`current_timestamp(${sql.lit(facets.precision ?? 3)})`
  if (type === 'uuid' && family !== 'sqlite')
    return family === 'postgres' ? sql`gen_random_uuid()` : sql`(uuid())`
  throw schemaUnsaid(
    table,
    name,
    'the database is to make it, and it is not said what: .default(value) says so',
  )
}

function literal(column: DeclaredColumn, family: KnownFamily): RawBuilder<unknown> {
  const value = column.toDriver(column.defaultValue, { ...ANY_DIALECT, family })
  if (value instanceof Uint8Array) {
    const digits = Buffer.from(value).toString('hex')
    return sql.raw(family === 'postgres' ? `'\\x${digits}'` : `x'${digits}'`)
  }
  if (value instanceof Date)
    return sql.lit(
      value
        .toISOString()
        .replace('T', ' ')
        .replace('Z', family === 'postgres' ? '+00' : ''),
    )
  // MySQL takes what it has to work out in brackets only, and a document for nothing else.
  return column.type === 'json' && family === 'mysql' ? sql`(${sql.lit(value)})` : sql.lit(value)
}
