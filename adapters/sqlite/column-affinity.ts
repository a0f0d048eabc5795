import type { StoredAs } from '../../lib/connection/driver.js'
import type { ColumnFault } from '../../lib/connection/table-columns.js'
import { sqliteColumnKeeps } from './errors.js'

/** What SQLite makes of the values of a column. `blob` leaves them as they are. */
export type Affinity = 'integer' | 'text' | 'blob' | 'real' | 'numeric'

/** By the rules of SQLite's manual, in their order: the declared type is searched for these letters. */
export function affinityOf(declaredType: string): Affinity {
  const type = declaredType.toUpperCase()
  if (type.includes('INT')) return 'integer'
  if (/CHAR|CLOB|TEXT/.test(type)) return 'text'
  // In a strict table ANY keeps what it is given; in others nobody writes it.
  if (type === '' || type === 'ANY' || type.includes('BLOB')) return 'blob'
  return /REAL|FLOA|DOUB/.test(type) ? 'real' : 'numeric'
}

/**
 * Whether such a column keeps the values as what they are. Text in a column of numbers becomes a number where it looks like one; a number in a column
 * of text becomes text, and sorts as that; decimal numbers travel as text, so that only a column of numbers makes them numbers.
 */
export function keeps(affinity: Affinity, as: Exclude<StoredAs, 'document' | 'time'>): boolean {
  switch (as) {
    case 'text':
      return affinity === 'text' || affinity === 'blob'
    case 'boolean':
    case 'number':
      return affinity !== 'text'
    case 'decimal':
      return affinity !== 'text' && affinity !== 'blob'
    case 'whole':
      return affinity !== 'text' && affinity !== 'real'
  }
}

/** A column whose values SQLite would make something else of. */
export const columnFault: ColumnFault = (column, declared, as, type) =>
  as === 'document' || as === 'time' || keeps(affinityOf(declared), as)
    ? undefined
    : sqliteColumnKeeps(column, declared, as, type)
