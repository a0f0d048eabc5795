import type { SqlSource } from '../../query/sql-source.js'
import type { RowChange } from '../row-change.js'
import { driverRow, type DriverRow } from './driver-row.js'

/** Rows of one table that one statement writes. */
export interface SaveStep {
  readonly kind: RowChange['kind']
  readonly rows: readonly DriverRow[]
}

/** How many rows a statement has at most. */
const MOST_ROWS = 1000
/** How many parameters: MySQL and PostgreSQL take 65,535, SQLite 32,766. */
const MOST_PARAMETERS = 32_000
/** How large its values are at most, roughly (bytes): a packet that is too large costs the connection. */
const MOST_BYTES = 1 << 20

/**
 * Changes in the order in which they are sent become statements: neighbours of one table that write the same columns with values of the same kinds go
 * together.
 * @param together whether a row may share a statement with others
 */
export function stepsOf(
  changes: readonly RowChange[],
  source: SqlSource,
  together: (rows: DriverRow) => boolean,
): SaveStep[] {
  const steps: OpenStep[] = []
  for (const change of changes) {
    const row = driverRow(change, source)
    const shape = shapeOf(row)
    const bytes = bytesOf(row)
    const isShared = !row.found.includes(null) && together(row)
    const last = steps.at(-1)
    if (last?.isShared && isShared && last.shape === shape && hasRoom(last, row, bytes)) {
      last.rows.push(row)
      last.bytes += bytes
    } else steps.push({ kind: change.kind, rows: [row], shape, bytes, isShared })
  }
  return steps
}

interface OpenStep extends SaveStep {
  readonly rows: DriverRow[]
  readonly shape: string
  bytes: number
  /** Whether its first row may share it. */
  readonly isShared: boolean
}

function hasRoom(step: OpenStep, row: DriverRow, bytes: number): boolean {
  const parameters = (row.values.length + row.found.length) * (step.rows.length + 1)
  return (
    step.rows.length < MOST_ROWS &&
    parameters <= MOST_PARAMETERS &&
    step.bytes + bytes <= MOST_BYTES
  )
}

/** What is written in one go is read in one go: an update gives all its rows the types that its values have together. */
function shapeOf({ change, columns, values, where }: DriverRow): string {
  const kinds = change.kind === 'update' ? values.map(kindOf) : []
  return JSON.stringify([change.kind, change.model.table, columns, where, kinds])
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value !== 'object') return typeof value
  return value instanceof Date ? 'date' : value instanceof Uint8Array ? 'bytes' : 'other'
}

function bytesOf({ values, found }: DriverRow): number {
  let bytes = 0
  for (const value of [...values, ...found])
    bytes += typeof value === 'string' || value instanceof Uint8Array ? value.length * 2 : 16
  return bytes
}
