import type { Socket } from 'node:net'
import pg, { type Connection, type PoolClient } from 'pg'

/** A client of a pg pool, with what pg has no types for. */
export type RawClient = PoolClient & {
  readonly connection: RawConnection
  readonly processID: number | null
  readonly secretKey: number | null
  /** Whether nothing runs on it. */
  readonly readyForQuery: boolean
}

export type RawConnection = Connection & {
  readonly stream: Socket
  readonly ssl: boolean | object
  readonly sslNegotiation?: string
  /** Names that the server knows of this connection, and their texts. */
  readonly parsedStatements: Record<string, string>
  sendCopyFail(message: string): void
}

interface StartupClient {
  getStartupConf(): Record<string, string>
}

const Base = pg.Client as unknown as new (config: object) => StartupClient

/**
 * A client whose session begins as Mayfly's: told while connecting it costs no round trip, and a
 * RESET comes back to it.
 */
export class UtcClient extends Base {
  readonly #config: { readonly options?: string }

  constructor(config: { readonly options?: string }) {
    super(config)
    this.#config = config
  }

  override getStartupConf(): Record<string, string> {
    const hasZone = /timezone/i.test(this.#config.options ?? '')
    return {
      ...super.getStartupConf(),
      DateStyle: 'ISO',
      ...(!hasZone && { TimeZone: 'UTC' }),
    }
  }
}
