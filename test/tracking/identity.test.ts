import { expect } from 'chai'
import { sql } from 'kysely'
import { databases } from '../support/databases.js'
import { failure } from '../support/deferred.js'
import { openUnit, type Unit, type UnitContext } from './unit.js'

const user = (name: string, id?: number) => ({ name, email: null, ...(id !== undefined && { id }) })

for (const kind of databases) {
  describe(`which object is which row (${kind.name})`, () => {
    let unit: Unit
    let db: UnitContext
    before(async () => {
      unit = await openUnit(kind)
    })
    beforeEach(() => {
      db = unit.another()
    })
    afterEach(async () => {
      await db.dispose()
      const clean = unit.another()
      for (const table of ['lines', 'orders', 'users'])
        await sql`delete from ${sql.table(table)}`.execute(clean.kysely)
      await clean.dispose()
    })
    after(() => unit.close())

    const rows = () => unit.another({ tracking: false }).users.orderBy('id').toList()
    const names = async () => (await rows()).map(({ name }) => name)
    /** Does it in a transaction that is rolled back. */
    const inVain = async (work: () => Promise<unknown>) => {
      await failure(
        db.transaction(async () => {
          await work()
          throw new Error('no')
        }),
      )
    }
    const seed = async (name: string, id: number) => {
      const entity = db.users.add(user(name, id))
      await db.saveChanges()
      return entity
    }

    it('U2: a new object whose key was changed before the save is found by the one that it has', async () => {
      const ada = db.users.add(user('Ada', 101))
      ada.id = 102
      await db.saveChanges()

      expect(await db.users.find(102)).to.equal(ada)
      expect(await db.users.find(101)).to.equal(undefined)
    })

    it('U2: a new object that got the key of another one is refused by the save, and nothing is sent', async () => {
      const ada = await seed('Ada', 111)
      const bob = db.users.add(user('Bob', 112))
      bob.id = 111
      unit.log.clear()

      expect((await failure(db.saveChanges())).name).to.equal('IdentityConflictError')
      expect(unit.sent()).to.deep.equal([])
      db.users.remove(ada)
      await db.saveChanges()
      expect(await db.users.find(111)).to.equal(bob)
      expect(await names()).to.deep.equal(['Bob'])
    })

    it('U2: a new row that got the key of one that others have deleted is the one that counts', async () => {
      const ada = await seed('Ada', 121)
      const others = unit.another()
      await sql`delete from users`.execute(others.kysely)
      const again = {
        sqlite: undefined,
        mysql: 'alter table users auto_increment = 121',
        postgres: 'alter sequence users_id_seq restart with 121',
      }[kind.family]
      if (again) await sql.raw(again).execute(others.kysely)
      else await sql`insert into users (id, name) values (120, 'last')`.execute(others.kysely)
      const bob = db.users.add({ name: 'Bob', email: null })
      await db.saveChanges()

      expect(bob.id).to.equal(121)
      expect(await db.users.find(121)).to.equal(bob)
      ada.email = 'ada@example.org'
      expect(await db.saveChanges()).to.equal(0)
    })

    it('U11: a row that was replaced by another one of its key is replaced again after a rollback', async () => {
      const ada = await seed('Ada', 131)
      const bob = user('Bob', 131)
      await inVain(async () => {
        db.users.remove(ada)
        await db.saveChanges()
        db.users.add(bob)
        await db.saveChanges()
      })

      expect([ada, bob].map(one => db.entry(one).state)).to.deep.equal(['deleted', 'added'])
      expect(await names()).to.deep.equal(['Ada'])
      expect(await db.saveChanges()).to.equal(2)
      expect(await names()).to.deep.equal(['Bob'])
      expect(await db.users.find(131)).to.equal(bob)
    })

    it('U4: an upsert by another column has the key that the row has, and gives its own back after a rollback', async () => {
      await sql`insert into users (id, name, email) values (143, 'Ada', 'old')`.execute(
        unit.another().kysely,
      )
      const ada = { id: 145, name: 'Ada', email: 'new' }
      db.users.upsert(ada, { onConflict: ['name'] })
      await inVain(async () => {
        await db.saveChanges()
        expect(ada).to.include({ id: 143, version: 2 })
        expect(await db.users.find(143)).to.equal(ada)
        expect(await db.users.find(145)).to.equal(undefined)
      })
      expect(ada.id).to.equal(145)
      await db.saveChanges()
      expect(ada.id).to.equal(143)
      ada.email = 'newer'
      await db.saveChanges()
      expect(await rows()).to.deep.equal([{ id: 143, name: 'Ada', email: 'newer', version: 3 }])
    })

    it('U2: what is to be written over a row is not overwritten by the row, also where that is locked', async () => {
      await sql`insert into users (id, name, email) values (151, 'Ada', 'old')`.execute(
        unit.another().kysely,
      )
      const ada = { id: 151, name: 'Grace', email: 'new' }
      db.users.upsert(ada)
      await db.transaction(async () => {
        expect(await db.users.where('id', '=', 151).forUpdate().toList()).to.deep.equal([ada])
        expect(await db.users.where('id', '=', 151).toList()).to.deep.equal([ada])
        expect(ada).to.deep.equal({ id: 151, name: 'Grace', email: 'new' })
        await db.saveChanges()
      })
      expect(await rows()).to.deep.equal([{ id: 151, name: 'Grace', email: 'new', version: 2 }])
    })

    describe('U11: a checkpoint', () => {
      it('that was restored holds after a rollback of what was saved since', async () => {
        const ada = await seed('Ada', 161)
        const before = db.changeTracker.checkpoint()
        await inVain(async () => {
          db.users.remove(ada)
          await db.saveChanges()
          db.changeTracker.restore(before)
        })

        expect(db.entry(ada).state).to.equal('unchanged')
        expect(await db.saveChanges()).to.equal(0)
        expect(await names()).to.deep.equal(['Ada'])
      })

      it('of a transaction knows what was saved before it, whenever the transaction is rolled back', async () => {
        const ada = user('Ada', 171)
        const take = async () => {
          db.users.add(ada)
          await db.saveChanges()
          const saved = db.changeTracker.checkpoint()
          ada.name = 'Grace'
          await db.saveChanges()
          return saved
        }
        await inVain(async () => db.changeTracker.restore(await take()))
        expect([db.entry(ada).state, ada.name]).to.deep.equal(['added', 'Ada'])
        db.changeTracker.clear()

        let saved: Awaited<ReturnType<typeof take>>
        await inVain(async () => {
          await inVain(async () => (saved = await take()))
        })
        db.changeTracker.restore(saved!)
        expect([db.entry(ada).state, ada.name]).to.deep.equal(['added', 'Ada'])
        expect(await db.saveChanges()).to.equal(1)
        expect(await names()).to.deep.equal(['Ada'])
      })

      it('of a savepoint that was released since belongs to the transaction around it', async () => {
        const ada = user('Ada', 181)
        await inVain(async () => {
          let saved: ReturnType<UnitContext['changeTracker']['checkpoint']>
          await db.transaction(async () => {
            db.users.add(ada)
            await db.saveChanges()
            saved = db.changeTracker.checkpoint()
          })
          db.changeTracker.restore(saved!)
          expect(db.entry(ada).state).to.equal('unchanged')
        })
        expect(db.entry(ada).state).to.equal('added')
      })
    })
  })
}
