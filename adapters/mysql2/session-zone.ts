import { CompiledQuery } from 'kysely'
import type { DatabaseConnection } from 'kysely'
import { mysqlOtherZone } from './errors.js'

/** A day of winter and a day of summer, wherever that is (seconds since 1970). */
const DAYS = [1_704_067_200, 1_719_792_000]

const ASK = `select ${DAYS.map((day, i) => `cast(from_unixtime(${day}) as char) as day${i}`).join(', ')}`

/**
 * Refuses a session that is in another zone than the dates that are sent to it and read from it: it would take times of TIMESTAMP columns for others,
 * and lose an hour where it has summer time.
 * @param zone of the dates, `+00:00`
 */
export async function checkZone(connection: DatabaseConnection, zone: string): Promise<void> {
  const query = { ...CompiledQuery.raw(ASK), ofSet: true }
  const { rows } = await connection.executeQuery<Record<string, string>>(query)
  for (const [i, day] of DAYS.entries())
    if (rows[0]![`day${i}`] !== timeIn(zone, day)) throw mysqlOtherZone(zone)
}

function timeIn(zone: string, seconds: number): string {
  const [hours, minutes] = zone.slice(1).split(':').map(Number)
  const ahead = (hours! * 60 + minutes!) * (zone.startsWith('-') ? -60 : 60)
  return new Date((seconds + ahead) * 1000).toISOString().slice(0, 19).replace('T', ' ')
}
