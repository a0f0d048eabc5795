import type { Defect } from '../defect.js'

const caughtBy = ['test/adapters/mysql2/adopted-pools.test.ts']

/** Pools of mysql2 that the caller has made and set up. */
export const adoptedPools: readonly Defect[] = [
  {
    id: 'adopted-json-parsed-twice',
    breaks:
      'A document that the pool has parsed is parsed once more, so that "123" is the number 123.',
    rule: 'U9',
    file: 'adapters/mysql2/reading.ts',
    find: "if (!jsonStrings || config.timezone !== 'Z') return true",
    replace: "if (config.timezone !== 'Z') return true",
    caughtBy,
  },
  {
    id: 'adopted-json-of-mariadb',
    breaks: "MariaDB's documents, text with a remark, are parsed twice.",
    rule: 'U9',
    file: 'adapters/mysql2/reading.ts',
    find: "return field.extendedFormat === 'json' ? field.string() : usual(field, next)",
    replace: 'return usual(field, next)',
    caughtBy,
  },
  {
    id: 'adopted-hour-lost',
    breaks:
      "mysql2's default zone is taken for UTC wherever the process is, so that an hour is lost each autumn.",
    rule: 'U9',
    file: 'adapters/mysql2/pool-settings.ts',
    find: "return isUtcHere() ? '+00:00' : undefined",
    replace: "return '+00:00'",
    caughtBy,
  },
  {
    id: 'adopted-sessions-elsewhere',
    breaks:
      'Sessions in another zone than the dates of their pool are used, and TIMESTAMP columns keep other times.',
    rule: 'U9',
    file: 'adapters/mysql2/session-settings.ts',
    find: '    await checkZone(connection, this.#source.zone)\n',
    replace: '',
    caughtBy,
  },
  {
    id: 'adopted-decimal-as-float',
    breaks: 'A decimal number loses digits where the pool makes floating point numbers of them.',
    rule: 'U9',
    file: 'adapters/mysql2/reading.ts',
    find: 'return decimalNumbers ? field.string() : usual(field, next)',
    replace: 'return usual(field, next)',
    caughtBy,
  },
  {
    id: 'adopted-dates-as-text',
    breaks: 'Where the pool reads dates as text, sets give text for columns that are not declared.',
    rule: 'U9',
    file: 'adapters/mysql2/reading.ts',
    find: 'times: zone === undefined ? undefined : new Times(zone),',
    replace: 'times: own.times,',
    caughtBy,
  },
  {
    id: 'adopted-day-before',
    breaks: 'A day begins at midnight of the zone of the pool, and is the day before in UTC.',
    rule: 'U9',
    file: 'adapters/mysql2/reading.ts',
    find: ': new Times(zone),\n    },',
    replace: ': new Times(zone, zone),\n    },',
    caughtBy,
  },
  {
    id: 'adopted-cast-of-the-caller',
    breaks: "The caller's own typeCast changes what the columns of sets read.",
    rule: 'U9',
    file: 'adapters/mysql2/reading.ts',
    find: 'if (typeCast !== undefined && typeCast !== true) return true',
    replace: '',
    caughtBy,
  },
  {
    id: 'adopted-built-query',
    breaks:
      'A query that a user has built on is read as the pool is set, though the columns of a set read its rows.',
    rule: 'U9',
    file: 'lib/query/statement.ts',
    find: 'return statement.ours ? statement : { ...statement, ofSet: true }',
    replace: 'return statement',
    caughtBy,
  },
  {
    id: 'adopted-characters-lost',
    breaks: 'A pool is taken whose charset has not every character.',
    rule: 'U9',
    file: 'adapters/mysql2/pool-settings.ts',
    find: 'if (charsetNumber !== undefined && !isWholeUnicode(charsetNumber))',
    replace: 'if (charsetNumber === 8)',
    caughtBy,
  },
  {
    id: 'adopted-text-changed',
    breaks: 'A pool is taken whose queryFormat changes the texts of statements.',
    rule: 'U12',
    file: 'adapters/mysql2/pool-settings.ts',
    find: '  if (queryFormat)\n',
    replace: '  if (queryFormat === null)\n',
    caughtBy,
  },
  {
    id: 'adopted-orphan-missed',
    breaks:
      'Where the pool reads numbers as text, no orphan is known by its number, and it runs on.',
    rule: 'X5',
    file: 'adapters/mysql2/control.ts',
    find: 'raw.query({ ...text, sql,',
    replace: 'raw.query({ sql,',
    caughtBy,
  },
  {
    id: 'mysql-own-zone-untold',
    breaks: 'A pool with a timezone of its own leaves its sessions in UTC.',
    rule: 'U9',
    file: 'adapters/mysql2/session-settings.ts',
    find: "`time_zone = '${this.#source.zone}'`",
    replace: "`time_zone = '+00:00'`",
    caughtBy: ['test/adapters/mysql2/target.test.ts'],
  },
]
