import { expect } from 'chai'
import { sql, type Generated } from 'kysely'
import { DbContext, UpdateConcurrencyError } from 'mayfly'
import { databases, type EmptyDatabase } from '../support/databases.js'
import { failure } from '../support/deferred.js'

interface Store {
  v: { id: number; part: number; name: string; version: Generated<number> | null }
}

/** A table with the shortest of names, a key of two columns and a version. */
class StoreContext extends DbContext<Store> {
  readonly v = this.set('v', { key: ['id', 'part'], version: 'version' })
}

for (const kind of databases) {
  describe(`versions (${kind.name})`, () => {
    let empty: EmptyDatabase
    let db: StoreContext
    const another = () => new StoreContext({ dialect: kind.dialect(empty.url) })
    beforeEach(async () => {
      empty = await kind.create('versions')
      db = another()
      await sql`create table v (id integer not null, part integer not null, name varchar(20), version integer, primary key (id, part))`.execute(
        db.kysely,
      )
    })
    afterEach(async () => {
      await db.dispose()
      await empty.drop()
    })

    const rows = () => sql<any>`select * from v order by id, part`.execute(db.kysely)
    const seed = async (count: number) => {
      const entities = db.v.addRange(
        Array.from({ length: count }, (_, i) => ({ id: i, part: i % 3, name: 'a' })),
      )
      await db.saveChanges()
      return entities
    }

    it('U5: of a row that was not loaded is moved on by the database, whatever it is', async () => {
      await seed(3)
      await using other = another()
      const mine = await other.v.orderBy('id').toList()
      await sql`update v set version = 7`.execute(db.kysely)
      await using own = another()
      own.v.update({ id: 0, part: 0, name: 'b' })
      own.v.update({ id: 1, part: 1, name: 'c' })
      own.v.attach({ id: 2, part: 2 }).name = 'd'
      expect(await own.saveChanges()).to.equal(3)
      expect((await rows()).rows).to.deep.equal([
        { id: 0, part: 0, name: 'b', version: 8 },
        { id: 1, part: 1, name: 'c', version: 8 },
        { id: 2, part: 2, name: 'd', version: 8 },
      ])
      mine[0]!.name = 'e'
      expect(await failure(other.saveChanges())).to.be.instanceOf(UpdateConcurrencyError)
    })

    it('U5: that are NULL begin with 1, one row or several', async () => {
      await seed(3)
      await sql`update v set version = null where id < 2`.execute(db.kysely)
      await using own = another()
      for (const row of await own.v.toList()) row.name = 'b'
      expect(await own.saveChanges()).to.equal(3)
      expect((await rows()).rows.map(({ version }) => version)).to.deep.equal([1, 1, 2])
      await sql`update v set version = null`.execute(db.kysely)
      await using unloaded = another()
      unloaded.v.update({ id: 0, part: 0, name: 'c' })
      await unloaded.saveChanges()
      unloaded.changeTracker.clear()
      unloaded.v.upsert({ id: 1, part: 1, name: 'c' })
      await unloaded.saveChanges()
      await unloaded.v.where('id', '=', 2).executeUpdate({ name: 'c' })
      expect((await rows()).rows.map(({ version }) => version)).to.deep.equal([1, 1, 1])
      await sql`update v set version = null`.execute(db.kysely)
      await using last = another()
      const all = await last.v.toList()
      for (const row of all) last.v.remove(row)
      expect(await last.saveChanges()).to.equal(3)
    })

    it('U4, U5: 1,500 rows of a key of two columns are changed and deleted, and the one that is lost is told', async () => {
      const entities = await seed(1500)
      for (const entity of entities) entity.name = 'b'
      expect(await db.saveChanges()).to.equal(1500)
      await sql`update v set version = 9 where id = 700`.execute(db.kysely)
      for (const entity of entities) entity.name = 'c'
      const lost = await failure(db.saveChanges())
      expect(lost.entities).to.deep.equal([entities[700]])
      await db.entry(entities[700]!).reload()
      for (const entity of entities) db.v.remove(entity)
      expect(await db.saveChanges()).to.equal(1500)
      expect((await rows()).rows).to.deep.equal([])
    })
  })
}
