import type { MayflyDialect } from '../../lib/connection/driver.js'
import { PostgresDialect } from './dialect.js'
import type { PostgresOptions } from './options.js'
import { readTarget, type PostgresTarget } from './target.js'

export type { Prepare } from '../../lib/connection/prepare.js'
export type { PostgresOptions } from './options.js'
export type { PostgresTarget } from './target.js'

/**
 * A dialect for PostgreSQL, on the `pg` package (8.23 or newer); streams need `pg-cursor` as well.
 *
 * ```ts
 * postgres('postgres://user:password@127.0.0.1:5432/shop') // ?max=20&sslmode=verify-full and others
 * postgres({ host: 'db', database: 'shop', ssl: { ca } }) // any option of a pg pool that it knows
 * postgres(new Pool({ ... })) // a pool of yours, which stays yours
 * ```
 *
 * A pool that Mayfly makes opens with the first connection and is ended with the dialect. Its
 * sessions are UTC. A connection whose session a statement has changed is made new before somebody
 * else gets it.
 *
 * A pool of yours is never ended, and its connections are used as you set them up; one whose session
 * was changed is closed. `kysely` reads what `types.setTypeParser` was told; sets read past it.
 *
 * Values are those of `pg`, but for these: a `timestamp` without a zone and a `date` are read and
 * written as UTC whatever the zone of the process is, and the numbers of a `numeric[]` arrive as
 * exact strings, like a `numeric`.
 *
 * @param options Options that win over those in a URL or config; with a pool of yours `prepare` alone.
 * @throws InvalidArgumentError when nothing can be reached with the target, or for an option that it
 * does not know; it never shows a password.
 */
export function postgres(target: PostgresTarget, options?: PostgresOptions): MayflyDialect {
  return new PostgresDialect(readTarget(target, options))
}
