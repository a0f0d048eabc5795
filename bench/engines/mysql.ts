import { MysqlDialect } from 'kysely'
import { createPool } from 'mysql2'
import { createPool as createPromisePool } from 'mysql2/promise'
import { mysql } from 'mayfly/mysql2'
import type { Engine } from '../engine.js'

const connectionLimit = 10

/** MySQL and MariaDB through mysql2. */
export const mysqlEngine: Engine = {
  name: 'MySQL',
  driver: 'mysql2 pool.execute',
  pool(uri) {
    const pool = createPromisePool({ uri, connectionLimit })
    return {
      prepare: sql => values => pool.execute(sql, values as never),
      async inTransaction(statements) {
        const connection = await pool.getConnection()
        try {
          await connection.beginTransaction()
          for (const [sql, values] of statements) await connection.execute(sql, values as never)
          await connection.commit()
        } finally {
          connection.release()
        }
      },
      rows: result => (result as [unknown[]])[0],
      end: () => pool.end(),
    }
  },
  kysely: uri => new MysqlDialect({ pool: createPool({ uri, connectionLimit }) }),
  mayfly: url => mysql(url),
  onOnePool(uri) {
    const pool = createPool({
      uri,
      connectionLimit,
      timezone: 'Z',
      supportBigNumbers: true,
      jsonStrings: true,
    })
    return {
      kysely: new MysqlDialect({ pool }),
      mayfly: mysql(pool),
      end: () => pool.promise().end(),
    }
  },
  groupedUpdate(rows) {
    const selects = Array.from({ length: rows }, (_, i) =>
      i === 0 ? 'select ? as id, ? as amount' : 'select ?, ?',
    )
    return `update orders join (${selects.join(' union all ')}) as v on orders.id = v.id set orders.amount = v.amount`
  },
  placeholder: () => '?',
  quoted: name => `\`${name}\``,
  sleep: 'sleep',
}
