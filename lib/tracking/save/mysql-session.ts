import { sql } from 'kysely'
import type { SqlSource } from '../../query/sql-source.js'
import type { SaveSession } from './save-session.js'

interface ServerFacts {
  readonly isMariadb: boolean
  /** Whether a value that a column does not take is refused, and not stored as another one. */
  readonly isStrict: boolean
}

const facts = new WeakMap<SqlSource, ServerFacts>()

export async function isMariadb(session: SaveSession): Promise<boolean> {
  return (await factsOf(session)).isMariadb
}

/** As the sessions of its pool begin. */
export async function isStrict(session: SaveSession): Promise<boolean> {
  return (await factsOf(session)).isStrict
}

/** Asked once for each database: one round trip of its first save. */
async function factsOf(session: SaveSession): Promise<ServerFacts> {
  const known = facts.get(session.source)
  if (known) return known
  const query = sql`select version() as version, @@sql_mode as mode`.compile(session.source.builder)
  const { rows } = await session.run<{ version: string; mode: string }>(query)
  const { version, mode } = rows[0]!
  const made = {
    isMariadb: /mariadb/i.test(version),
    isStrict: /STRICT_(?:ALL|TRANS)_TABLES/i.test(mode),
  }
  facts.set(session.source, made)
  return made
}

/**
 * The distance between two keys that this session makes. It is asked where it matters, each time: a cluster changes it with its size, and a wrong one
 * would give rows the keys of others.
 */
export async function sessionStep({ source, run }: SaveSession): Promise<bigint> {
  const query = sql`select @@auto_increment_increment as distance`.compile(source.builder)
  const { rows } = await run<{ distance: number | string | bigint }>(query)
  return BigInt(rows[0]!.distance)
}
