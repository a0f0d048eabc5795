import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { Kysely, MysqlDialect } from 'kysely'
import mysql2, { type PoolOptions } from 'mysql2'
import promises from 'mysql2/promise'
import { InvalidArgumentError } from 'mayfly'
import { mysql, type MysqlTarget } from 'mayfly/mysql2'
import { POOL_OPTIONS } from '../../../adapters/mysql2/pool-options.js'
import { connectTo, rejection, useDatabase } from './fixture.js'

describe('mysql(target)', () => {
  describe('a target that cannot work is refused at once', () => {
    const wrong: [string, unknown, RegExp][] = [
      ['nothing', undefined, /got undefined/],
      ['a number', 3306, /got number/],
      ['null', null, /got null/],
      ['text that is no URL', 'localhost', /it is no URL/],
      ['an empty text', '', /it is no URL/],
      ['an empty uri', { host: 'db', uri: '' }, /it is no URL/],
      ['another protocol', 'postgres://me:s3cret@db/shop', /starts with postgres:\/\/, not mysql:/],
      ['no host', 'mysql:///shop', /it has no host/],
      ['no database', 'mysql://me:s3cret@db:3306', /it has no database/],
      ['no database but a slash', 'mysql://me:s3cret@db/', /it has no database/],
      ['a password that breaks the URL', 'mysql://me:s3cret#1@db/shop', /it is no URL|it has no/],
      ['a stray %', 'mysql://me:s3cret%zz@db/shop', /% that is not followed/],
      [
        'a ? in a password, with a database',
        'mysql://me:1234/s3cret?s3cret&x@db/shop',
        /what comes after its \?/,
      ],
      ['rows as arrays', { host: 'db', rowsAsArray: true }, /rowsAsArray/],
      ['nested rows', { host: 'db', nestTables: true }, /nestTables/],
      ['rows found not counted', { host: 'db', flags: ['-FOUND_ROWS'] }, /FOUND_ROWS/],
    ]
    for (const [name, target, message] of wrong) {
      it(name, () => {
        const make = (): unknown => mysql(target as MysqlTarget)
        expect(make).to.throw(InvalidArgumentError, message)
        expect(make).to.throw(/mysql\('mysql:\/\/user:password@127\.0\.0\.1:3306\/shop'\)/)
        expect(make).not.to.throw(/s3cret|\n/)
      })
    }

    it('a single connection', () => {
      const connection = { query: () => {}, execute: () => {} }
      expect(() => mysql(connection as MysqlTarget)).to.throw(InvalidArgumentError, /is not a pool/)
    })

    it("a dialect of Kysely's", () => {
      const dialect = new MysqlDialect({ pool: async () => await Promise.reject(new Error()) })
      for (const given of [dialect, new Kysely({ dialect })])
        expect(() => mysql(given as never)).to.throw(InvalidArgumentError, /an instance of a class/)
    })

    it('a limit of connections that is no number', () => {
      for (const give of [
        () => mysql('mysql://db/shop?connectionLimit=x'),
        () => mysql({ host: 'db', connectionLimit: '5' as never }),
      ])
        expect(give).to.throw(InvalidArgumentError, /connectionLimit of mysql\(\) must be/)
    })

    it('a pool with options that would have no effect', () => {
      const pool = mysql2.createPool({ host: 'db', timezone: 'Z' })
      expect(() => mysql(pool, { connectionLimit: 3 })).to.throw(
        InvalidArgumentError,
        /own options/,
      )
    })

    it('a pool that counts changed rows instead of found ones', () => {
      const pool = mysql2.createPool({ host: 'db', timezone: 'Z', flags: ['-FOUND_ROWS'] })
      expect(() => mysql(pool)).to.throw(InvalidArgumentError, /FOUND_ROWS/)
    })
  })

  describe('an option that no pool has is refused, with the one that was probably meant', () => {
    const wrong: [string, () => unknown, string | RegExp][] = [
      [
        'beside a URL',
        () => mysql('mysql://db/shop', { conectionLimit: 3 } as PoolOptions),
        'mysql() has no option "conectionLimit". Did you mean connectionLimit?',
      ],
      [
        'in a config',
        () => mysql({ host: 'db', dateString: true } as PoolOptions),
        'mysql() has no option "dateString". Did you mean dateStrings?',
      ],
      [
        'beside a config',
        () => mysql({ host: 'db' }, { Port: 3307 } as PoolOptions),
        'mysql() has no option "Port". Did you mean port?',
      ],
      [
        'in a URL',
        () => mysql('mysql://me:s3cret@db/shop?timeZone=Z'),
        'The URL of mysql() has no option "timeZone". Did you mean timezone?',
      ],
      [
        'in the uri of a config',
        () => mysql({ uri: 'mysql://db/shop?connectionLimits=4' }),
        'The URL of mysql() has no option "connectionLimits". Did you mean connectionLimit?',
      ],
      [
        'in a uri beside a config',
        () => mysql({ host: 'db' }, { uri: 'mysql://db/shop?connectionLimits=4' }),
        'The URL of mysql() has no option "connectionLimits". Did you mean connectionLimit?',
      ],
      [
        'of another call',
        () => mysql('mysql://db/shop', { acquireTimeout: undefined } as PoolOptions),
        'mysql() has no option "acquireTimeout". How long a context waits for a connection is gate.acquireTimeout (ms) of its registration.',
      ],
      [
        'of another driver, in a config',
        () => mysql({ host: 'db', max: 5 } as PoolOptions),
        'mysql() has no option "max". The most connections of a pool are its connectionLimit.',
      ],
      [
        'of another driver, in a URL',
        () => mysql('mysql://me:s3cret@db/shop?connectionTimeoutMillis=5'),
        'The URL of mysql() has no option "connectionTimeoutMillis". How long a new connection may take is its connectTimeout (ms).',
      ],
      [
        'of a URL, in a config',
        () => mysql({ host: 'db', sslmode: 'require' } as PoolOptions),
        'mysql() has no option "sslmode". It belongs into a URL; here it is ssl: true, which verifies, or ssl: { ca }.',
      ],
      [
        'like none',
        () => mysql({ host: 'db', banana: 5 } as PoolOptions),
        /^mysql\(\) has no option "banana"\. It takes prepare and the options of a mysql2 pool: \S+$/,
      ],
    ]
    for (const [name, make, message] of wrong) {
      it(name, () => expect(make).to.throw(InvalidArgumentError, message))
    }

    it('and options that are none', () => {
      for (const none of [null, 5, 'connectionLimit=3'])
        expect(() => mysql('mysql://db/shop', none as unknown as PoolOptions)).to.throw(
          InvalidArgumentError,
          'The options of mysql() must be an object.',
        )
    })

    it('the options that are known are those of the mysql2 that is installed', () => {
      const main = createRequire(import.meta.url).resolve('mysql2')
      const source = readFileSync(join(dirname(main), 'lib/connection_config.js'), 'utf8')
      const list = /const validOptions = \{(?<list>[^}]*)\}/.exec(source)!.groups!['list']!
      const names = Array.from(list.matchAll(/^\s*(\w+): 1,$/gm), ([, name]) => name)

      expect(names).to.have.length.greaterThan(40)
      expect([...POOL_OPTIONS]).to.have.members(names)
    })
  })

  it('a uri in the options wins over the target', () => {
    const uri = 'mysql://db/shop?connectionLimit=4'
    expect(mysql('mysql://db/shop?connectionLimit=3', { uri }).maxConnections).to.equal(4)
    expect(mysql('mysql://db/shop?connectionLimit=3', { uri: undefined }).maxConnections).to.equal(
      3,
    )
    expect(mysql({ host: 'db', connectionLimit: 5 }, { uri }).maxConnections).to.equal(5)
  })

  describe('maxConnections', () => {
    const limits: [string, MysqlTarget, PoolOptions | undefined, number][] = [
      ['ten by default', 'mysql://db/shop', undefined, 10],
      ['from the URL', 'mysql://db/shop?connectionLimit=3', undefined, 3],
      [
        'from the options, which win',
        'mysql://db/shop?connectionLimit=3',
        { connectionLimit: 4 },
        4,
      ],
      ['from a config', { host: 'db', connectionLimit: 5 }, undefined, 5],
      ['unlimited', { host: 'db', connectionLimit: 0 }, undefined, Infinity],
      [
        'from a pool',
        mysql2.createPool({ host: 'db', timezone: 'Z', connectionLimit: 6 }),
        undefined,
        6,
      ],
      [
        'from a promise pool',
        promises.createPool({ host: 'db', timezone: 'Z', connectionLimit: 7 }),
        undefined,
        7,
      ],
    ]
    for (const [name, target, options, limit] of limits) {
      it(name, () => expect(mysql(target, options).maxConnections).to.equal(limit))
    }
  })

  describe('what a URL, a config and a pool lead to', () => {
    const fixture = useDatabase('target')

    const configOf = (url: string): PoolOptions => {
      const { hostname, port, username, password, pathname } = new URL(url)
      const database = pathname.slice(1)
      return { host: hostname, port: Number(port), user: username, password, database }
    }

    const targets: [string, (url: string) => MysqlTarget][] = [
      ['a URL', url => url],
      ['a URL object', url => new URL(url)],
      ['mariadb://', url => url.replace('mysql:', 'mariadb:')],
      ['a config', url => configOf(url)],
      ['a config with a uri', url => ({ uri: url, connectionLimit: 2 })],
    ]
    for (const [name, targetOf] of targets) {
      it(name, async () => {
        const driver = mysql(targetOf(fixture.url)).createDriver()
        const { rows } = await connectTo(driver)
        expect((await rows('select database() as name'))[0].name).to.match(/^target_/)
        await driver.destroy()
      })
    }

    it('a dialect opens again after its driver was destroyed', async () => {
      const dialect = mysql(fixture.url)
      for (let i = 0; i < 2; i++) {
        const driver = dialect.createDriver()
        const { rows } = await connectTo(driver)
        expect(await rows('select 1 as one')).to.deep.equal([{ one: 1 }])
        await driver.destroy()
        const error = await rejection(driver.acquireConnection())
        expect(error).to.include({ code: 'MAYFLY_DATABASE', kind: 'connectionRefused' })
        expect(error.message).to.match(/this mysql dialect was closed/)
      }
    })

    it('nothing is opened before the first connection is taken', async () => {
      const dialect = mysql('mysql://nobody@nowhere.invalid/shop')
      const driver = dialect.createDriver()
      await driver.init()
      await driver.destroy()
    })

    it('its own connections use UTC on both sides', async () => {
      const { rows } = await fixture.connect()
      expect(await rows('select @@session.time_zone as zone')).to.deep.equal([{ zone: '+00:00' }])
      const now = (await rows('select now() as now'))[0].now as Date
      expect(Math.abs(now.getTime() - Date.now())).to.be.below(60_000)
    })

    it('U9: a timezone that was given is told to its sessions', async () => {
      const { rows } = await fixture.connect({ timezone: '+02:00' })
      expect(await rows('select @@session.time_zone as zone')).to.deep.equal([{ zone: '+02:00' }])
      const date = new Date('2024-05-06T07:08:09.000Z')
      for (let i = 0; i < 2; i++) {
        const [row] = await rows('select cast(? as char) as text, timestamp(?) as date', date, date)
        expect(row.text).to.match(/^2024-05-06 09:08:09/)
        expect(row.date).to.deep.equal(date)
      }
    })

    for (const [name, createPool] of [
      ['a callback pool', () => mysql2.createPool(`${fixture.url}?timezone=Z`)],
      ['a promise pool', () => promises.createPool(`${fixture.url}?timezone=Z`)],
    ] as const) {
      it(`${name} stays the caller's, and is used as it was set up`, async () => {
        const pool = createPool()
        const driver = mysql(pool).createDriver()
        const { connection, rows } = await connectTo(driver)
        expect(await rows('select @@session.time_zone as zone')).to.deep.equal([{ zone: 'SYSTEM' }])
        const beyond = '9007199254740993'
        for (let i = 0; i < 2; i++) {
          expect(await rows('select 9007199254740993 as big')).to.deep.equal([{ big: beyond }])
        }
        await driver.releaseConnection(connection)
        await driver.destroy()
        const callbacks = 'pool' in pool ? pool.pool : pool
        const answer = new Promise((resolve, reject) =>
          callbacks.query('select 2 as two', (error, found) =>
            error ? reject(error) : resolve(found),
          ),
        )
        expect(await answer).to.deep.equal([{ two: 2 }])
        await new Promise(resolve => callbacks.end(resolve))
      })
    }

    it('a pool that its owner has ended is told apart', async () => {
      const pool = mysql2.createPool(`${fixture.url}?timezone=Z`)
      const driver = mysql(pool).createDriver()
      await new Promise(resolve => pool.end(resolve))
      const error = await rejection(driver.acquireConnection())
      expect(error).to.include({ code: 'MAYFLY_DATABASE', kind: 'connectionRefused' })
      expect(error.message).to.match(/the pool that mysql\(pool\) was given has been ended/)
    })

    it('a transaction that the owner of a pool left open is not continued', async () => {
      const pool = mysql2.createPool({ uri: fixture.url, timezone: 'Z', connectionLimit: 1 })
      const theirs = await pool.promise().getConnection()
      await theirs.query('create table left_open (id int)')
      await theirs.query('start transaction')
      await theirs.query('insert into left_open values (1)')
      theirs.release()
      const driver = mysql(pool).createDriver()
      const { connection, rows } = await connectTo(driver)
      expect(connection.transactionState).to.equal('none')
      expect(await rows('select * from left_open')).to.deep.equal([])
      await driver.releaseConnection(connection)
      await new Promise(resolve => pool.end(resolve))
    })

    it('a statement of namedPlaceholders or multipleStatements pools keeps its values whole', async () => {
      const { rows } = await fixture.connect({ namedPlaceholders: true, multipleStatements: true })
      const text = 'a :name'
      for (let i = 0; i < 2; i++)
        expect(await rows("select /* don't */ ? as text", text)).to.deep.equal([{ text }])
    })
  })

  describe('on its own', () => {
    const fixture = useDatabase('kysely')

    it('the dialect serves Kysely, too', async () => {
      const db = new Kysely<any>({ dialect: mysql(fixture.url) })
      await db.schema.createTable('users').addColumn('id', 'integer').execute()
      await db.transaction().execute(trx => trx.insertInto('users').values({ id: 1 }).execute())
      expect(await db.selectFrom('users').selectAll().execute()).to.deep.equal([{ id: 1 }])
      expect((await db.introspection.getTables()).map(table => table.name)).to.deep.equal(['users'])
      await db.destroy()
    })
  })
})
