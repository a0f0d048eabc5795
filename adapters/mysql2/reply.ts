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

/** Of several columns of one name the last one is in the row. */
export function isInRow(column: FieldPacket, columns: readonly FieldPacket[]): boolean {
  return columns.findLast(({ name }) => name === column.name) === column
}

/** What mysql2 makes of the server's report of changed state; it has no type for it. */
interface StateChanges {
  readonly trackStateChange: string | null
  readonly schema: string | null
  readonly systemVariables: object
}

/**
 * What the server reports that the statement changed in its session: the database, or anything else.
 * MySQL reports each begin and end of a transaction as well, with nothing in it.
 */
export function reportOf(
  reply: Reply,
  columns: FieldPacket[] | undefined,
): 'database' | 'state' | undefined {
  if (!Array.isArray(reply)) return reportIn(reply)
  if (!isMultiple(columns)) return undefined
  const reports = reply.map(part => (Array.isArray(part) ? undefined : reportIn(part)))
  return reports.find(report => report === 'database') ?? reports.find(report => report)
}

function reportIn(header: unknown): 'database' | 'state' | undefined {
  const { stateChanges } = header as { readonly stateChanges?: StateChanges }
  if (!stateChanges) return undefined
  const { schema, trackStateChange, systemVariables } = stateChanges
  if (schema !== null) return 'database'
  const isState = trackStateChange !== null || Object.keys(systemVariables).length > 0
  return isState ? 'state' : undefined
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
