import type { StoredAs } from '../../lib/connection/driver.js'
import type { ColumnFault } from '../../lib/connection/table-columns.js'
import { columnUnfit } from '../../lib/errors.js'

/** The columns of a table, each with its type and that type's category: `numeric N`. A domain is the type that it is made of, which is how its values arrive. */
export const COLUMN_TYPES = `with recursive kinds as (
  select attname, atttypid as oid from pg_attribute
  where attrelid = to_regclass($1) and attnum > 0 and not attisdropped
  union all
  select attname, typbasetype from kinds join pg_type t on t.oid = kinds.oid where typtype = 'd'
)
select attname as name, typname::text || ' ' || typcategory::text as type
from kinds join pg_type t on t.oid = kinds.oid where typtype <> 'd'`

/** A table's name as {@link COLUMN_TYPES} wants it; a schema may stand before it. */
export function regclassOf(table: string): string {
  return table
    .split('.')
    .map(part => `"${part.replaceAll('"', '""')}"`)
    .join('.')
}

const NUMBERS: ReadonlySet<StoredAs> = new Set(['number', 'whole', 'decimal'])

/**
 * A column that would give other values than its set declares: a document in a column of text arrives as text, which looks like a document that is a
 * string; numbers in one compare and sort as text.
 */
export const columnFault: ColumnFault = (column, declared, as, type) => {
  const [name = '', category = ''] = declared.split(' ')
  const problem = problemOf(as, name, category)
  return problem === undefined ? undefined : columnUnfit('PostgreSQL', column, type, name, problem)
}

function problemOf(as: StoredAs, name: string, category: string): string | undefined {
  if (as === 'document' && name !== 'json' && name !== 'jsonb')
    return 'would give its text. Make the column jsonb'
  if (as === 'time' && category !== 'D')
    return 'finds no point in time by its value. Make the column timestamptz(3)'
  if (as === 'boolean' && category !== 'B')
    return 'compares nothing with true or false. Make the column boolean'
  if (!NUMBERS.has(as)) return undefined
  if (category === 'S')
    return 'compares and sorts numbers as text (10 before 9). Make the column numeric or bigint'
  return category === 'N' || category === 'U'
    ? undefined
    : 'compares nothing with a number. Make the column integer, bigint or numeric'
}
