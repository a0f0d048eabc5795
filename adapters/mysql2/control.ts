import mysql2, { type Pool, type PoolConnection, type QueryError } from 'mysql2'
import { classify } from './failure.js'
import { readingsFor, sendableText } from './reading.js'
import type { RawConnection } from './raw-connection.js'

/** mysql2 exports the class, but not its type. */
const { Connection: ConnectionClass } = mysql2 as unknown as {
  Connection: new (options: { config: object }) => RawConnection
}

/** How long it is waited for a connection of the pool where the server gives no other (ms). */
const BORROW_TIMEOUT = 1_000

/** A connection to the server of a pool, to look after other connections with. */
export interface Control {
  /** Which server it reached. */
  readonly server: string | undefined
  ask<T>(sql: string): Promise<T>
  /** It is not needed any more, or does not work. */
  end(): void
}

/**
 * Opens one outside of the pool. Where the server has no place left for it, an idle connection of the
 * pool does as well.
 */
export async function openControl(pool: Pool): Promise<Control> {
  try {
    return await open(pool)
  } catch (error) {
    if (classify(error, undefined)?.kind !== 'tooManyConnections') throw error
    return borrow(pool)
  }
}

function open(pool: Pool): Promise<Control> {
  const { connectionConfig } = pool.config as unknown as { connectionConfig: object }
  // As mysql2 does for each connection of a pool, because a connection changes what it is given.
  const config: object = Object.create(
    Object.getPrototypeOf(connectionConfig) as object,
    Object.getOwnPropertyDescriptors(connectionConfig),
  )
  return new Promise((resolve, reject) => {
    const raw = new ConnectionClass({ config })
    raw.on('error', reject)
    raw.connect(error => {
      if (error) reject(error)
      else resolve(controlOf(raw, () => close(raw)))
    })
  })
}

function borrow(pool: Pool): Promise<Control> {
  return new Promise((resolve, reject) => {
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      reject(new Error('No connection of the pool is idle.'))
    }, BORROW_TIMEOUT)
    pool.getConnection((error: NodeJS.ErrnoException | null, raw: PoolConnection) => {
      clearTimeout(timer)
      if (error) reject(error)
      else if (isLate) raw.release()
      else resolve(controlOf(raw as RawConnection, () => raw.release()))
    })
  })
}

/** Without a goodbye, which a server that does not answer would never take. */
function close(raw: RawConnection): void {
  raw.destroy()
  raw.stream.destroy()
}

function controlOf(raw: RawConnection, end: () => void): Control {
  const timeout = raw.config.connectTimeout
  const { ofSet } = readingsFor(raw.config)
  let isBroken = false
  return {
    server: raw.stream.remoteAddress,
    ask: sql =>
      new Promise((resolve, reject) => {
        const done = (error: QueryError | null, reply: unknown): void => {
          if (error) isBroken ||= error.fatal || error.code === 'PROTOCOL_SEQUENCE_TIMEOUT'
          if (error) reject(error)
          else resolve(reply as never)
        }
        raw.query(sendableText(sql, ofSet, timeout) as string, done)
      }),
    end: () => (isBroken ? close(raw) : end()),
  }
}
