import type { QueryResult } from 'kysely'
import type { FieldPacket, ResultSetHeader } from 'mysql2'

/**
 * Rows, the header of a statement without rows, or an array of these (CALL, several statements at
 * once).
 */
export type Reply = ResultSetHeader | unknown[]

/** Whether the reply to a statement holds several results. */
export function isMultiple(columns: readonly unknown[] | undefined): boolean {
  return (
    columns !== undefined &&
    columns.length > 0 &&
    (columns[0] === undefined || Array.isArray(columns[0]))
  )
}

/** What mysql2 makes of the server's report of changed state; it has no type for it. */
interface StateChanges {
  readonly trackStateChange: string | null
  readonly schema: string | null
  readonly systemVariables: object
}

/**
 * Whether the server reports that the statement changed its session. MySQL reports each begin and
 * end of a transaction as well, with nothing in it.
 */
export function reportsChange(reply: Reply, columns: FieldPacket[] | undefined): boolean {
  if (!Array.isArray(reply)) return isChange(reply)
  return isMultiple(columns) && reply.some(part => !Array.isArray(part) && isChange(part))
}

function isChange(header: unknown): boolean {
  const changes = (header as { readonly stateChanges?: StateChanges }).stateChanges
  return (
    changes !== undefined &&
    (changes.trackStateChange !== null ||
      changes.schema !== null ||
      Object.keys(changes.systemVariables).length > 0)
  )
}

/** The last header in a reply; rows have none. */
export function headerOf(
  reply: Reply,
  columns: FieldPacket[] | undefined,
): ResultSetHeader | undefined {
  if (!Array.isArray(reply)) return reply
  if (!isMultiple(columns)) return undefined
  const last = reply.at(-1)
  return Array.isArray(last) ? undefined : (last as ResultSetHeader)
}

/** The same shape as from Kysely's own MySQL dialect. */
export function resultOf<R>(reply: Reply): QueryResult<R> {
  if (Array.isArray(reply)) return { rows: reply as R[] }
  const { insertId, affectedRows, changedRows } = reply
  return {
    rows: [],
    numAffectedRows: BigInt(affectedRows),
    numChangedRows: BigInt(changedRows),
    ...(insertId && { insertId: BigInt(insertId) }),
  }
}
