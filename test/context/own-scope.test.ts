import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { sql } from 'kysely'
import { createContainer, DatabaseError, DbContext, runInScope, type MayflyDialect } from 'mayfly'
import { sqlite } from 'mayfly/sqlite'
import { deferred, failure, turn } from '../support/deferred.js'
import { FaultDatabase } from '../support/fault-dialect.js'

class RowsContext extends DbContext<{ rows: { key: number } }> {}

const open = (dialect: MayflyDialect, commandTimeout?: number) =>
  createContainer()
    .addDbContext('db', RowsContext, { dialect, ...(commandTimeout && { commandTimeout }) })
    .addDbContextFactory('db')

const insert = (db: RowsContext, key: number) =>
  db.kysely.insertInto('rows').values({ key }).execute()

const suspects = (error: Error) => (error as DatabaseError).suspects?.map(({ context }) => context)

describe('X3: a lock that did not come', () => {
  it('may be held by the scope that waits for it: the error says which context, and since which line', async () => {
    const database = new FaultDatabase()
    await using container = open(database.dialect)
    await runInScope(container, async ({ cradle: { db, dbFactory } }) => {
      await insert(db, 1)
      const error = await db.transaction(async () => {
        await insert(db, 2)
        database.script = ({ kind }) => (kind === 'statement' ? 'lock timeout' : undefined)
        const failed = await dbFactory.use(other => failure(insert(other, 3)))
        database.script = () => undefined
        return failed
      })

      expect(error).to.be.instanceOf(DatabaseError).and.have.property('kind', 'lockTimeout')
      expect(error.message).to.match(
        /SQL: insert into "rows" \("key"\) values \(\?\)\nThe same scope keeps a transaction open and does nothing in it: RowsContext#\d+ \(for [\d.]+ ms, since test\/context\/own-scope\.test\.ts:\d+:\d+\)\. If this waited for its locks/,
      )
      expect(suspects(error)).to.deep.equal([db.id])
      expect(error.stack).to.contain(error.message).and.to.contain('own-scope.test.ts')
    })
  })

  it('is told so for a begin, a stream and a commit, too, and where a command timeout came first', async () => {
    const database = new FaultDatabase()
    await using container = open(database.dialect, 1)
    await runInScope(container, async ({ cradle: { db, dbFactory } }) => {
      await db.transaction(async () => {
        const fails = (
          kind: string,
          use: (other: RowsContext) => Promise<unknown>,
          fault = 'lock timeout',
        ) =>
          dbFactory.use(async other => {
            database.script = step => (step.kind === kind ? (fault as 'hang') : undefined)
            const error = await failure(use(other))
            database.script = () => undefined
            return error
          })
        const errors = [
          await fails('begin', other => other.transaction(() => Promise.resolve())),
          await fails('commit', other => other.transaction(() => insert(other, 1))),
          await fails('statement', async other => {
            for await (const _ of other.kysely.selectFrom('rows').selectAll().stream()) break
          }),
          await fails('statement', other => insert(other, 1), 'hang'),
        ]

        expect(errors.map(suspects)).to.deep.equal(errors.map(() => [db.id]))
        expect((errors[3] as DatabaseError).kind).to.equal('timeout')
      })
    })
  })

  it('says nothing of other scopes, nor of a transaction that works', async () => {
    const database = new FaultDatabase()
    await using container = open(database.dialect)
    const slow = deferred()
    database.script = ({ sql: text }) =>
      text === 'select slow'
        ? slow.promise
        : text?.startsWith('insert')
          ? 'lock timeout'
          : undefined
    await runInScope(container, async ({ cradle: { db, dbFactory } }) => {
      await db.transaction(async () => {
        const stranger = await runInScope(container, ({ cradle }) => failure(insert(cradle.db, 1)))
        expect(suspects(stranger)).to.equal(undefined)

        const running = sql`select slow`.execute(db.kysely)
        while (!database.log.at(-1)!.includes('slow')) await turn()
        expect(suspects(await dbFactory.use(other => failure(insert(other, 2))))).to.equal(
          undefined,
        )
        slow.resolve()
        await running
      })
    })
  })

  it('on SQLite, where a second context writes inside the own transaction', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mayfly-own-scope-'))
    try {
      await using container = open(sqlite(join(folder, 'a.db'), { busyTimeout: 10 }))
      await runInScope(container, async ({ cradle: { db, dbFactory } }) => {
        await sql`create table rows (key integer)`.execute(db.kysely)
        await db.transaction(async () => {
          await insert(db, 1)
          const errors = await dbFactory.use(async other => [
            await failure(insert(other, 2)),
            await failure(other.transaction(() => insert(other, 3))),
          ])
          expect(errors.map(suspects)).to.deep.equal([[db.id], [db.id]])
        })
      })
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
