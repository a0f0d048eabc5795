import { expect } from 'chai'
import { sql, type Kysely } from 'kysely'
import { createContainer, runInScope } from 'mayfly'
import {
  databases,
  ShopContext,
  type DatabaseKind,
  type ShopDatabase,
} from '../support/databases.js'
import { failure } from '../support/deferred.js'

interface State {
  readonly change: string
  readonly look: string
}

/** What users do to a session, and how the next one would see it. */
const STATES: Readonly<Record<DatabaseKind['family'], readonly State[]>> = {
  mysql: [
    { change: 'set @tenant = 7', look: 'select @tenant as seen' },
    { change: 'create temporary table own as select 7 as id', look: 'select id as seen from own' },
    { change: 'use mysql', look: 'select database() as seen' },
    { change: "set time_zone = '+05:00'", look: 'select @@time_zone as seen' },
    {
      change: "select get_lock('mayfly_state', 0)",
      look: "select is_used_lock('mayfly_state') as seen",
    },
    { change: 'set session transaction read only', look: 'update users set name = name' },
  ],
  sqlite: [
    {
      change: 'pragma foreign_keys = off',
      look: 'select foreign_keys as seen from pragma_foreign_keys',
    },
    { change: 'create temporary table own as select 7 as id', look: 'select id as seen from own' },
    {
      change: "attach ':memory:' as other",
      look: 'select count(*) as seen from pragma_database_list',
    },
  ],
  postgres: [
    {
      change: "set mayfly.tenant = '7'",
      // A name that was set once stays known, without a value.
      look: "select coalesce(current_setting('mayfly.tenant', true), '') as seen",
    },
    {
      change: "select set_config('search_path', 'pg_catalog', false)",
      look: "select current_setting('search_path') as seen",
    },
    { change: 'create temporary table own as select 7 as id', look: 'select id as seen from own' },
    { change: "set time zone 'Asia/Kolkata'", look: "select current_setting('TimeZone') as seen" },
    { change: 'set role pg_monitor', look: 'select current_user as seen' },
    { change: 'set session authorization pg_monitor', look: 'select session_user as seen' },
    {
      change: 'select pg_advisory_lock(7)',
      look: "select count(*) as seen from pg_locks where locktype = 'advisory'",
    },
    { change: 'listen news', look: 'select count(*) as seen from pg_listening_channels()' },
    {
      change: 'declare own cursor with hold for select 7',
      look: "select count(*) as seen from pg_cursors where name = 'own'",
    },
    {
      change: 'prepare own as select 7',
      look: "select count(*) as seen from pg_prepared_statements where name = 'own'",
    },
    {
      change: 'do $$ begin create temporary table own as select 7 as id; end $$',
      look: 'select id as seen from own',
    },
    {
      change: 'set session characteristics as transaction read only',
      look: 'update users set name = name',
    },
  ],
}

for (const { name, family, open } of databases) {
  describe(`session state (${name})`, () => {
    const seenBy = async (db: Kysely<ShopDatabase>, look: string): Promise<unknown> => {
      try {
        return (await sql.raw<{ seen: unknown }>(look).execute(db)).rows[0]?.seen
      } catch (error) {
        return (error as { kind?: string }).kind
      }
    }

    for (const { change, look } of STATES[family]) {
      it(`X4: the next user of the connection does not see: ${change}`, async () => {
        const database = await open()
        // Another name than that of the system's database, for names with a prefix.
        const container = createContainer().addDbContext('shop', ShopContext, {
          dialect: database.dialect,
          gate: { maxConnections: 1 },
        })
        const inScope = <T>(work: (db: ShopContext) => Promise<T>) =>
          runInScope(container, ({ cradle }) => work(cradle.shop))
        try {
          const before = await inScope(db => seenBy(db.kysely, look))
          await inScope(async db => {
            await using _ = await db.openConnection()
            const lockMayBeMine = look.includes('is_used_lock')
              ? look.replace('is_used', 'is_free')
              : look
            const own = await seenBy(db.kysely, lockMayBeMine)
            await sql.raw(change).execute(db.kysely)
            // It lasts while the connection is open.
            expect(await seenBy(db.kysely, lockMayBeMine)).not.to.equal(own)
            await db.users.count().catch(() => {})
          })
          expect(await inScope(db => seenBy(db.kysely, look))).to.equal(before)
          await inScope(db =>
            failure(
              db.transaction(async () => {
                await sql.raw(change).execute(db.kysely)
                throw new Error('rolled back')
              }),
            ),
          )
          expect(await inScope(db => seenBy(db.kysely, look))).to.equal(before)
          expect(await inScope(db => db.users.count())).to.equal(0)
          expect(database.log.strays).to.deep.equal([])
        } finally {
          await container.dispose()
          await database.close()
        }
      })
    }

    it('X4: ordinary work resets no connection', async () => {
      const database = await open()
      await using db = new ShopContext({ dialect: database.dialect })
      for (let i = 0; i < 3; i++) {
        await db.transaction(async () => {
          await db.kysely
            .insertInto('users')
            .values({ name: `Ada ${i}` })
            .execute()
          await failure(db.transaction(() => Promise.reject(new Error('inner'))))
        })
        await db.users.where('name', '=', `Ada ${i}`).toList()
        for await (const _ of db.users) void _
      }
      await db.dispose()
      expect(database.log.lines.filter(line => /: (reset|destroy)$/.test(line))).to.deep.equal([])
      await database.close()
    })
  })
}
