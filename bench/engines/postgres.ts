import { PostgresDialect } from 'kysely'
import pg, { type QueryResult } from 'pg'
import { postgres } from 'mayfly/postgres'
import type { Engine } from '../engine.js'

const max = 10

/** PostgreSQL through pg. */
export const postgresEngine: Engine = {
  name: 'PostgreSQL',
  driver: 'pg named query',
  pool(connectionString) {
    const pool = new pg.Pool({ connectionString, max })
    let count = 0
    return {
      prepare(text) {
        const name = `bench_${++count}`
        return values => pool.query({ name, text, values })
      },
      async inTransaction(statements) {
        const client = await pool.connect()
        try {
          await client.query('begin')
          for (const [text, values] of statements)
            await client.query({ name: `bench_${text.length}`, text, values })
          await client.query('commit')
        } finally {
          client.release()
        }
      },
      rows: result => (result as QueryResult).rows as unknown[],
      end: () => pool.end(),
    }
  },
  kysely: connectionString => new PostgresDialect({ pool: new pg.Pool({ connectionString, max }) }),
  mayfly: url => postgres(url),
  onOnePool(connectionString) {
    const pool = new pg.Pool({ connectionString, max })
    return {
      kysely: new PostgresDialect({ pool }),
      mayfly: postgres(pool),
      end: () => pool.end(),
    }
  },
  groupedUpdate(rows) {
    const values = Array.from(
      { length: rows },
      (_, i) => `($${i * 2 + 1}::integer, $${i * 2 + 2}::numeric)`,
    )
    return `update orders set amount = v.amount from (values ${values.join(', ')}) as v (id, amount) where orders.id = v.id`
  },
  placeholder: n => `$${n}`,
  quoted: name => `"${name}"`,
  sleep: 'pg_sleep',
}
