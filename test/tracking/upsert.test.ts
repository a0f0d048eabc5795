import { expect } from 'chai'
import { DbContext, InvalidArgumentError } from 'mayfly'
import { databases } from '../support/databases.js'
import { failure } from '../support/deferred.js'
import { openUnit, type Unit, type UnitContext, type UnitDatabase } from './unit.js'

const NOTE = '0b0e8c1c-7d1c-4b8e-9d5a-1d2f3a4b5c6d'

for (const kind of databases) {
  describe(`upsert (${kind.name})`, () => {
    let unit: Unit
    let db: UnitContext
    before(async () => {
      unit = await openUnit(kind)
    })
    beforeEach(() => {
      db = unit.another()
      unit.log.clear()
    })
    afterEach(async () => {
      await unit.db.notes.executeDelete()
      await unit.db.orders.executeDelete()
      await unit.db.users.executeDelete()
    })
    after(() => unit.close())

    const rows = () => unit.another({ tracking: false }).users.orderBy('id').toList()

    it('U4: inserts what is not there, and the object has what the database made', async () => {
      const user = db.users.upsert({ name: 'Ada', email: 'a' }, { onConflict: ['name'] })
      expect(db.entry(user).state).to.equal('added')
      expect(await db.saveChanges()).to.equal(1)
      expect(user).to.include({ name: 'Ada', email: 'a', version: 1 })
      expect(db.entry(user).state).to.equal('unchanged')
      expect(await rows()).to.deep.equal([{ ...user }])
      user.email = 'b'
      await db.saveChanges()
      expect(await rows()).to.deep.equal([{ ...user, email: 'b', version: 2 }])
    })

    it('U4: writes what was given over what is there, moves its version, and tells the key', async () => {
      const other = unit.another()
      const there = other.users.add({ name: 'Ada', email: 'old' })
      await other.saveChanges()

      const user = db.users.upsert({ name: 'Ada', email: 'new' }, { onConflict: ['name'] })
      unit.log.clear()
      await db.saveChanges()

      expect(user).to.include({ id: there.id, email: 'new', version: 2 })
      expect(await rows()).to.deep.equal([{ id: there.id, name: 'Ada', email: 'new', version: 2 }])
      const [statement] = unit.sent().filter(line => line.startsWith('insert'))
      expect(statement).to.include(
        kind.family === 'mysql' ? 'on duplicate key update' : 'on conflict',
      )
      user.email = 'newer'
      await db.saveChanges()
      there.email = 'lost'
      expect(await failure(other.saveChanges())).to.include({ code: 'MAYFLY_UPDATE_CONCURRENCY' })
    })

    it('U4: by its key, with values of declared columns, in one save with others', async () => {
      db.notes.upsert({ id: NOTE, body: 'one', meta: { tags: ['a'] } })
      await db.saveChanges()
      const again = unit.another()
      const note = again.notes.upsert({ id: NOTE, body: 'two', meta: null })
      const user = again.users.add({ name: 'Bob', email: null })
      again.orders.add({ user, amount: '1.00', createdAt: new Date(0) })
      expect(await again.saveChanges()).to.equal(3)
      expect(note).to.deep.include({ id: NOTE, body: 'two', stars: 3, meta: null })
      expect((await unit.another().notes.find(NOTE))!.body).to.equal('two')
      const nothing = unit.another()
      nothing.lines.upsert({ orderId: 0, position: 0, text: 'x' })
      expect(await failure(nothing.saveChanges())).to.include({ kind: 'foreignKey' })
    })

    it('U4: beside new rows, before and after them', async () => {
      db.users.addRange(['a', 'b'].map(name => ({ name, email: null })))
      await db.saveChanges()
      const own = unit.another()
      own.users.upsert({ name: 'a', email: 'x' }, { onConflict: ['name'] })
      own.users.add({ name: 'c', email: 'x' })
      own.users.upsert({ name: 'b', email: 'x' }, { onConflict: ['name'] })
      own.users.add({ name: 'd', email: 'x' })
      expect(await own.saveChanges()).to.equal(4)
      const stored = (await rows()).map(({ name, email }) => `${name} ${email}`)
      expect(stored.toSorted()).to.deep.equal(['a x', 'b x', 'c x', 'd x'])
    })

    it('U2: a row that the context knows keeps its object, which is read anew', async () => {
      const known = db.users.add({ name: 'Ada', email: 'old' })
      await db.saveChanges()
      const given = db.users.upsert({ name: 'Ada', email: 'new' }, { onConflict: ['name'] })
      await db.saveChanges()
      expect(db.entry(given).state).to.equal('detached')
      expect(await db.users.find(known.id)).to.equal(known)
      expect(known).to.include({ email: 'new', version: 2 })
    })

    it('U11: a rollback takes it back, and the next save writes it again', async () => {
      const user = db.users.upsert({ name: 'Ada', email: 'a' }, { onConflict: ['name'] })
      await failure(
        db.transaction(async () => {
          await db.saveChanges()
          throw new Error('no')
        }),
      )
      expect(db.entry(user).state).to.equal('added')
      await unit.db.kysely.insertInto('users').values({ name: 'Ada', email: 'x' }).execute()
      await db.saveChanges()
      expect(user).to.include({ email: 'a', version: 2 })
      expect(await rows()).to.have.length(1)
    })

    it('U4: where another row has a unique value of it nothing is stored', async () => {
      await unit.db.kysely
        .insertInto('users')
        .values([{ id: 100, name: 'Ada', email: 'a' }])
        .execute()
      db.users.upsert({ id: 101, name: 'Ada', email: 'b' })
      expect(await failure(db.saveChanges())).to.include({ kind: 'unique' })
      expect((await rows()).map(({ id, email }) => [id, email])).to.deep.equal([[100, 'a']])
    })

    it('U6: a set whose filter holds for saves has none', async () => {
      class Filtered extends DbContext<UnitDatabase> {
        readonly users = this.set('users', {
          key: 'id',
          filter: { where: q => q.where('name', '!=', 'x'), forSaves: true },
        })
      }
      await using own = new Filtered({ dialect: unit.dialect })
      expect(() => own.users.upsert({ name: 'x', email: null }, { onConflict: ['name'] })).to.throw(
        InvalidArgumentError,
        'The filter holds for saves',
      )
    })

    it('bad input is refused where it is given', () => {
      const loose: any = db.users
      for (const [give, words] of [
        [() => loose.upsert({ name: 'x' }), 'no value for it'],
        [() => loose.upsert({ name: null }, { onConflict: ['name'] }), 'no value for it'],
        [() => loose.upsert({ name: 'x' }, { onConflict: [] }), 'takes the columns'],
        [() => loose.upsert({ name: 'x' }, { onConflict: 'name' }), 'takes the columns'],
        [() => loose.upsert({ name: 'x' }, { onConflict: ['a b'] }), 'name of a column'],
        [() => loose.upsert({ name: 'x' }, { by: ['name'] }), 'no option "by"'],
        [() => loose.upsert(7), 'a number'],
        [() => (db.notes as any).upsert({ id: NOTE, nobody: 1 }), "'nobody'"],
      ] as const)
        expect(give).to.throw(InvalidArgumentError, words)
      expect(db.changeTracker.hasChanges()).to.equal(false)
    })
  })
}
