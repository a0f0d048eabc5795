import { Client, type Pool } from 'pg'
import { settledWithin } from '../../lib/support/settled-within.js'
import type { RawClient } from './client.js'
import type { Running } from './wire.js'

/** How long a connection for one question may take, and its answer (ms). */
const PATIENCE = 2_000

/** How much of a statement's text a server tells at least (characters). */
const TOLD_TEXT = 90

/**
 * Over a connection of its own, for where the protocol's request comes to nothing. The session must
 * have the port of the connection, or run its statement, so that behind a proxy no other one is hit.
 */
export async function askToEnd(
  pool: Pool,
  raw: RawClient,
  running: Running,
  how: 'pg_cancel_backend' | 'pg_terminate_backend',
): Promise<void> {
  const client = new Client({ ...pool.options, password: pool.options.password })
  client.on('error', () => {})
  await settledWithin(ask(client, raw, running, how), PATIENCE)
  client.connection.stream.destroy()
}

async function ask(
  client: Client,
  { processID, connection }: RawClient,
  { text }: Running,
  how: string,
): Promise<void> {
  await client.connect()
  await client.query(
    `select ${how}(pid) from pg_stat_activity where pid = $1 and usename = session_user ` +
      "and datname = current_database() and state = 'active' " +
      `and (client_port = $2 or left(query, ${TOLD_TEXT}) = left($3, ${TOLD_TEXT}))`,
    [processID, connection.stream.localPort ?? -1, text],
  )
}
