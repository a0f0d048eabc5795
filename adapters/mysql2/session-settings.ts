import { CompiledQuery, type DatabaseConnection } from 'kysely'
import mysql2 from 'mysql2'
import { isServerError } from './failure.js'
import { checkZone } from './session-zone.js'
import type { PoolSource } from './target.js'
import type { RawConnection } from './raw-connection.js'

const CLIENT_IGNORE_SPACE = 1 << 8
const CLIENT_INTERACTIVE = 1 << 10
const UNKNOWN_VARIABLE = 1193

/** What mysql2 made of its options for one connection; it has no type for it. */
interface ConnectionConfig {
  readonly charsetNumber: number
  readonly clientFlags: number
  readonly database?: string
}

/** A connection before its first use. */
interface NewConnection extends DatabaseConnection {
  setUp(statement: string, timeout: number | undefined): Promise<void>
}

/** What Mayfly tells each session of a pool, and what makes a session as good as a new one. */
export class SessionSettings {
  readonly #source: PoolSource
  /** Older than MySQL 5.7 and MariaDB 10.2, and some proxies, a server does not. */
  #tracks = true
  #mayReset: boolean | undefined
  #zoneIsRight = false

  constructor(source: PoolSource) {
    this.#source = source
  }

  /** Whether a session counts as changed whatever ran in it. */
  get resetsAlways(): boolean {
    return this.#source.owned && this.#source.resetOnRelease
  }

  /** Whether what {@link forNew} set is gone each time that the connection comes out of its pool. */
  get lostOnRelease(): boolean {
    return !this.#source.owned && this.#source.resetOnRelease
  }

  /** Tells a connection, before its first use. @param timeout How long the answer may take (ms). */
  async tell(connection: NewConnection, timeout: number | undefined): Promise<void> {
    const tracked = this.#tracks
    try {
      await connection.setUp(this.#forNew, timeout)
    } catch (error) {
      if (!tracked || !isServerError(error) || error.errno !== UNKNOWN_VARIABLE) throw error
      this.#tracks = false
      await connection.setUp(this.#forNew, timeout)
    }
    await this.#checkZone(connection)
  }

  /** How a caller sets up the connections of a pool is the same for all of them, but a reset takes it away. */
  async #checkZone(connection: DatabaseConnection): Promise<void> {
    if (this.#source.owned || (this.#zoneIsRight && !this.lostOnRelease)) return
    await checkZone(connection, this.#source.zone)
    this.#zoneIsRight = true
  }

  /**
   * Whether a reset leaves a session like a new one: what the server runs for each new one
   * (`init_connect`) is not run again. Asked once.
   */
  async mayReset(connection: DatabaseConnection): Promise<boolean> {
    if (this.#mayReset !== undefined) return this.#mayReset
    const ask = CompiledQuery.raw("select @@init_connect = '' as bare")
    const { rows } = await connection.executeQuery<{ bare: number }>(ask)
    return (this.#mayReset = rows[0]?.bare === 1)
  }

  /**
   * The statements that follow a reset of the session. It takes away what connecting has set as
   * well, and leaves the database that was chosen last. `undefined` where the session cannot be made
   * new, so that the connection must be closed.
   */
  afterReset(raw: RawConnection): readonly string[] | undefined {
    const { charsetNumber, clientFlags, database } = raw.config as unknown as ConnectionConfig
    const collation = collations.get(charsetNumber)
    if (!this.#source.owned || !database || !collation) return undefined
    const settings = [
      `names ${collation.split('_')[0]} collate ${collation}`,
      ...(clientFlags & CLIENT_IGNORE_SPACE
        ? ["sql_mode = concat(@@sql_mode, ',IGNORE_SPACE')"]
        : []),
      ...(clientFlags & CLIENT_INTERACTIVE ? ['wait_timeout = @@interactive_timeout'] : []),
      ...this.#own,
    ]
    return [`set ${settings.join(', ')}`, `use \`${database.replaceAll('`', '``')}\``]
  }

  /**
   * With the server's report of changed state, the answer to each statement without rows says
   * whether it left something in the session.
   */
  get #forNew(): string {
    const own = this.#own
    return own.length === 0 ? 'do 0' : `set ${own.join(', ')}`
  }

  get #own(): string[] {
    return [
      ...(this.#source.owned ? [`time_zone = '${this.#source.zone}'`] : []),
      ...(this.#tracks ? ['session_track_state_change = 1'] : []),
    ]
  }
}

/** Of mysql2's names some are a character set's alone. */
const collations = new Map(
  Object.entries(mysql2.Charsets)
    .filter(([name]) => name.includes('_') || name === 'BINARY')
    .map(([name, number]) => [Number(number), name.toLowerCase()]),
)
