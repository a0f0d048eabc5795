import type { Pool, PoolConnection, QueryError } from 'mysql2'

/**
 * A session of the server whose client closed the socket while a statement ran; the server goes on
 * with it for nobody.
 */
export interface Orphan {
  readonly id: number
  /** The client's port, as the server saw it; none for a local socket. */
  readonly port: number | undefined
}

interface Process {
  readonly Id: number
  readonly Host: string
}

/**
 * Kills an orphan, and with it its transaction and its locks (X5). Behind a proxy its id may be
 * that of another session on another server, so the client's port must be the same as well. Never
 * rejects: whoever destroyed the connection has done what matters. The connection that it takes
 * from the pool for this stands in for the one that was destroyed.
 */
export function endOrphan(pool: Pool, orphan: Orphan): Promise<void> {
  return new Promise(resolve => {
    pool.getConnection((failure, control) => {
      if (failure) return resolve()
      const end = (error?: QueryError | null): void => {
        if (error) control.destroy()
        else control.release()
        resolve()
      }
      ask<Process[]>(control, 'show processlist', (error, processes) => {
        const found = !error && processes.some(process => isOrphan(process, orphan))
        if (found) ask(control, `kill ${orphan.id}`, end)
        else end(error)
      })
    })
  })
}

function isOrphan({ Id, Host }: Process, { id, port }: Orphan): boolean {
  return Id === id && (port === undefined ? Host === 'localhost' : Host.endsWith(`:${port}`))
}

function ask<T>(
  control: PoolConnection,
  sql: string,
  done: (error: QueryError | null, reply: T) => void,
): void {
  const timeout = control.config.connectTimeout
  control.query({ sql, rowsAsArray: false, ...(timeout && { timeout }) }, done as never)
}
