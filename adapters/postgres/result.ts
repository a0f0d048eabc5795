import type { QueryResult } from 'kysely'
import type { StatementResult } from './statement.js'

/** The same shape as from Kysely's own PostgreSQL dialect. */
export function resultOf<R>({ tag, rows, isSeveral }: StatementResult): QueryResult<R> {
  // Several statements at once have several results.
  if (isSeveral) return { rows: [] }
  if (tag.startsWith('SELECT')) return { rows: rows as R[] }
  const command = commandOf(tag)
  switch (command) {
    case 'INSERT':
    case 'UPDATE':
    case 'DELETE':
    case 'MERGE':
      return { numAffectedRows: BigInt(tag.slice(tag.lastIndexOf(' ') + 1)), rows: rows as R[] }
    case 'COMMIT':
    case 'ROLLBACK':
      return { rows: [{ command } as R] }
    default:
      return { rows: rows as R[] }
  }
}

/** `INSERT`, `COMMIT`. */
export function commandOf(tag: string): string {
  return tag.split(' ', 1)[0]!
}
