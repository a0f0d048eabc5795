import { readColumn } from '../../query/column-values.js'
import { propertiesOf } from '../../query/names/names-plugin.js'
import { identityOf } from '../../query/identity.js'
import type { DriverRow } from './driver-row.js'
import type { SaveSession } from './save-session.js'
import { presentText } from './read-texts.js'

/**
 * Which rows of a statement were not there as they were known. It is asked after the rollback, and with a lock where a plain read shows what was there
 * when the transaction began. One row needs no question.
 */
export async function losersAmong(
  session: SaveSession,
  rows: readonly DriverRow[],
): Promise<object[]> {
  const all = rows.map(({ change }) => change.entity)
  if (rows.length === 1) return all
  let losers: object[]
  try {
    losers = await absent(session, rows)
  } catch {
    // Nobody can be asked any more.
    return all
  }
  // Whoever was away has come back meanwhile.
  return losers.length > 0 ? losers : all
}

async function absent(session: SaveSession, known: readonly DriverRow[]): Promise<object[]> {
  const { source } = session
  const { model } = known[0]!.change
  const locks = source.values.family === 'mysql' || source.values.family === 'postgres'
  const { rows } = await session.tried(() =>
    session.run<Record<string, unknown>>(presentText(source, model.table, known, locks)),
  )
  const present = propertiesOf(source, model.table, rows)
  for (const name of model.keys) {
    const column = model.column(name)
    if (column) readColumn(model.table, name, column, present, source.values, false)
  }
  const there = new Set(present.map(row => identityOf(model, row)))
  return known.flatMap(({ change }) =>
    change.kind !== 'insert' && !there.has(identityOf(model, change.where)) ? [change.entity] : [],
  )
}
