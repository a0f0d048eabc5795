import type { QueryResult } from 'kysely'
import type { QueryResult as PgResult } from 'pg'

const CHANGES = new Set(['INSERT', 'UPDATE', 'DELETE', 'MERGE'])

/** The same shape as from Kysely's own PostgreSQL dialect. */
export function resultOf<R>(result: PgResult): QueryResult<R> {
  // Several statements at once have several results.
  if (Array.isArray(result)) return { rows: [] }
  const { command, rowCount, rows } = result
  if (command === 'COMMIT' || command === 'ROLLBACK') return { rows: [{ command } as R] }
  if (rowCount !== null && CHANGES.has(command))
    return { numAffectedRows: BigInt(rowCount), rows: rows as R[] }
  return { rows: rows as R[] }
}
