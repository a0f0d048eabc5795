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
  placeholder: () => '?',
  quoted: name => `\`${name}\``,
  sleep: 'sleep',
}
