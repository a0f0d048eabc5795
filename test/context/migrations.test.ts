import { expect } from 'chai'
import { sql, type Kysely } from 'kysely'
import { Migrator, type Migration } from 'kysely/migration'
import { DbContext, type MayflyDialect } from 'mayfly'
import { databases, type EmptyDatabase } from '../support/databases.js'

const migrations: Record<string, Migration> = {
  '1': {
    async up(db: Kysely<any>) {
      await db.schema
        .createTable('first')
        .addColumn('id', 'integer', column => column.primaryKey())
        .execute()
    },
    async down(db: Kysely<any>) {
      await db.schema.dropTable('first').execute()
    },
  },
  '2': {
    async up(db: Kysely<any>) {
      await db.insertInto('first').values({ id: 1 }).execute()
      await db.schema
        .createTable('second')
        .addColumn('first_id', 'integer', column => column.references('first.id'))
        .execute()
    },
    async down(db: Kysely<any>) {
      await db.schema.dropTable('second').execute()
      await db.deleteFrom('first').execute()
    },
  },
}

for (const kind of databases) {
  describe(`migrations through a context (${kind.name})`, () => {
    let empty: EmptyDatabase
    let dialect: MayflyDialect
    beforeEach(async () => {
      empty = await kind.create('migrations')
      dialect = kind.dialect(empty.url)
    })
    afterEach(() => empty.drop())

    const migrate = (db: DbContext, of = migrations) =>
      new Migrator({ db: db.kysely, provider: { getMigrations: () => Promise.resolve(of) } })
    const statuses = async (
      run: Promise<{ error?: unknown; results?: readonly { status: string }[] }>,
    ) => {
      const { error, results } = await run
      if (error !== undefined) throw error
      return results?.map(({ status }) => status)
    }

    it('run once, in order, and back, whatever names the context has', async () => {
      await using db = new DbContext({ dialect, naming: 'snake_case' })
      expect(await statuses(migrate(db).migrateToLatest())).to.deep.equal(['Success', 'Success'])
      expect(await statuses(migrate(db).migrateToLatest())).to.deep.equal([])
      expect((await sql`select id from first`.execute(db.kysely)).rows).to.deep.equal([{ id: 1 }])
      expect(await statuses(migrate(db).migrateDown())).to.deep.equal(['Success'])
      expect(await statuses(migrate(db).migrateDown())).to.deep.equal(['Success'])
      expect((await db.kysely.introspection.getTables()).map(({ name }) => name)).to.deep.equal([])
    })

    it('are run by one of two that begin at once', async () => {
      await using one = new DbContext({ dialect })
      await using other = new DbContext({ dialect })
      const both = await Promise.all(
        [one, other].map(db => statuses(migrate(db).migrateToLatest())),
      )
      expect(both.flat()).to.deep.equal(['Success', 'Success'])
    })

    it('one that fails says so, and leaves nothing where the database can undo it', async () => {
      await using db = new DbContext({ dialect })
      const failing = {
        ...migrations,
        '3': {
          async up(of: Kysely<any>) {
            await of.schema.createTable('third').addColumn('id', 'integer').execute()
            await sql`insert into nowhere values (1)`.execute(of)
          },
        },
      }
      const { error, results } = await migrate(db, failing).migrateToLatest()
      expect(error).to.be.instanceOf(Error)
      expect(results?.at(-1)).to.include({ migrationName: '3', status: 'Error' })
      const tables = (await db.kysely.introspection.getTables()).map(({ name }) => name)
      if (kind.family === 'mysql') expect(tables).to.include('third')
      else expect(tables).to.deep.equal([])
      expect(await sql`select 1 as n`.execute(db.kysely)).to.have.nested.property('rows[0].n', 1)
    })
  })
}
