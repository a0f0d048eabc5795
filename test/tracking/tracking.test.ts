import { inspect } from 'node:util'
import { expect } from 'chai'
import { IdentityConflictError, InvalidArgumentError } from 'mayfly'
import { databases } from '../support/databases.js'
import { failure } from '../support/deferred.js'
import { openUnit, type Unit, type UnitContext } from './unit.js'

const NOTE = '0b0e8c1c-7d1c-4b8e-9d5a-1d2f3a4b5c6d'

for (const kind of databases) {
  describe(`the change tracker (${kind.name})`, () => {
    let unit: Unit
    let db: UnitContext
    beforeEach(async () => {
      unit = await openUnit(kind)
      db = unit.another()
      db.users.addRange([
        { name: 'Ada', email: null },
        { name: 'Bob', email: 'bob@example.org' },
      ])
      await db.saveChanges()
      db.orders.add({ userId: 1, amount: '12.50', createdAt: new Date(Date.UTC(2026, 0, 2)) })
      db.lines.add({ orderId: 1, position: 1, text: 'a lamp' })
      db.notes.add({ id: NOTE, body: 'first', meta: { tags: ['a'] } })
      await db.saveChanges()
      db = unit.another()
      unit.log.clear()
    })
    afterEach(() => unit.close())

    it('U2: a row is one object, whoever asks for it, and a query does not overwrite what was changed', async () => {
      const ada = (await db.users.find(1))!
      ada.name = 'Grace'
      const again = await db.users.where('name', '=', 'Ada').first()
      const all = await db.users.orderBy('id').toList()
      const streamed: object[] = []
      for await (const user of db.users.orderBy('id')) streamed.push(user)

      expect(again).to.equal(ada)
      expect(all[0]).to.equal(ada)
      expect(streamed[0]).to.equal(ada)
      expect(streamed[1]).to.equal(all[1])
      expect(ada.name).to.equal('Grace')
    })

    it('U2: a row that is locked is what it is now, but for what was changed on it', async () => {
      const [ada, bob] = await db.users.orderBy('id').toList()
      bob!.name = 'mine'
      const other = unit.another()
      for (const row of await other.users.toList()) row.email = 'theirs'
      await other.saveChanges()
      expect((await db.users.where('id', '=', 1).first())!.email).to.equal(null)
      await db.transaction(async () => {
        await db.users.orderBy('id').forUpdate().toList()
        expect(ada).to.include({ name: 'Ada', email: 'theirs', version: 2 })
        expect(bob).to.include({ name: 'mine', email: 'theirs', version: 2 })
        expect(await db.saveChanges()).to.equal(1)
      })
    })

    it('U2: two sets of one table share their objects', async () => {
      const note = await db.notes.find(NOTE)

      expect(await db.shownNotes.find(NOTE)).to.equal(note)
      expect((await db.shownNotes.toList())[0]).to.equal(note)
    })

    it('U3: asNoTracking, build and a context that says so track nothing', async () => {
      const plain = await db.users.asNoTracking().orderBy('id').toList()
      const built = await db.users.build(q => q.where('id', '=', 1)).toList()
      const untracking = unit.another({ tracking: false })
      const found = await untracking.users.find(1)

      expect(db.changeTracker.entries()).to.deep.equal([])
      expect(db.entry(plain[0]!).state).to.equal('detached')
      expect(plain[0]).to.deep.equal(built[0])
      expect(plain[0] === built[0]).to.equal(false)
      expect(untracking.changeTracker.entries()).to.deep.equal([])
      const [tracked] = await untracking.users.asTracking().take(1).toList()
      expect(untracking.entry(tracked!).state).to.equal('unchanged')
      const again = await untracking.users.find(1)
      expect(again).to.deep.equal(found)
      expect(again === found).to.equal(false)
    })

    it('U7: find answers from the identity map, but for a set with a filter, which the database has to judge', async () => {
      const bob = await db.users.find(2)
      const line = await db.lines.find({ orderId: 1, position: 1 })
      unit.log.clear()

      expect(await db.users.find(2)).to.equal(bob)
      expect(await db.lines.find({ position: 1, orderId: 1 })).to.equal(line)
      expect(unit.sent()).to.deep.equal([])
      const note = await db.shownNotes.find(NOTE)
      expect(await db.shownNotes.find(NOTE)).to.equal(note)
      expect(unit.sent()).to.have.length(2)
      db.hidden = 'first'
      expect(await db.shownNotes.find(NOTE)).to.equal(undefined)
    })

    it('U7: find does not give what is to be deleted, nor what is not there', async () => {
      db.users.remove((await db.users.find(2))!)
      db.lines.remove((await db.lines.find({ orderId: 1, position: 1 }))!)

      expect(await db.users.find(2)).to.equal(undefined)
      expect(await db.lines.find({ orderId: 1, position: 1 })).to.equal(undefined)
      expect(await db.users.find(99)).to.equal(undefined)
      expect(await db.lines.find({ orderId: 1, position: 2 })).to.equal(undefined)
      expect(await db.users.where('id', '=', 2).count()).to.equal(1)
    })

    it('U1: states, and what has changed', async () => {
      const ada = (await db.users.find(1))!
      const entry = db.entry(ada)
      const states = () => db.changeTracker.entries().map(({ state }) => state)

      expect(entry.state).to.equal('unchanged')
      expect(db.changeTracker.hasChanges()).to.equal(false)
      ada.name = 'Grace'
      expect([entry.state, entry.isModified('name'), entry.isModified('email')]).to.deep.equal([
        'modified',
        true,
        false,
      ])
      expect(entry.originalValues).to.include({ name: 'Ada' })
      expect(entry.currentValues).to.include({ name: 'Grace' })
      ada.name = 'Ada'
      expect(entry.state).to.equal('unchanged')
      const added = db.users.add({ name: 'Cy', email: null })
      db.users.remove(ada)
      expect(states()).to.deep.equal(['deleted', 'added'])
      expect(db.changeTracker.hasChanges()).to.equal(true)
      db.users.add(ada)
      db.users.remove(added)
      expect(states()).to.deep.equal(['unchanged'])
      expect(db.entry(added).state).to.equal('detached')
      expect(db.entry({}).state).to.equal('detached')
    })

    it('U4: dates, documents and decimals are compared by what they hold, also when they were changed in place', async () => {
      const order = (await db.orders.find(1))!
      const note = (await db.notes.find(NOTE))!
      const { createdAt } = order
      createdAt.setUTCDate(3)
      note.meta!.tags.push('b')

      expect(db.entry(order).isModified('createdAt')).to.equal(true)
      expect(db.entry(note).isModified('meta')).to.equal(true)
      expect(db.entry(note).originalValues.meta).to.deep.equal({ tags: ['a'] })
      createdAt.setUTCDate(2)
      expect(db.entry(order).state).to.equal('unchanged')
      order.createdAt = new Date(createdAt)
      order.amount = '12.5'
      note.meta = { tags: ['a'] }
      expect(db.changeTracker.hasChanges()).to.equal(false)
    })

    it('U1: attach is unchanged, update is modified, and either is added without a key', () => {
      const attached = db.users.attach({ id: 7, name: 'Eve' })
      const updated = { id: 8, name: 'Fay', email: null }
      db.users.update(updated)
      const added = db.users.attach({ name: 'Gus' } as never)

      expect(db.entry(attached).state).to.equal('unchanged')
      attached.email = 'eve@example.org'
      expect([db.entry(attached).state, db.entry(attached).isModified('name')]).to.deep.equal([
        'modified',
        false,
      ])
      expect([db.entry(updated).state, db.entry(updated).isModified('name')]).to.deep.equal([
        'modified',
        true,
      ])
      expect(db.entry(added).state).to.equal('added')
    })

    it('U2: a second object for a row is an IdentityConflictError', async () => {
      await db.users.find(1)

      for (const use of [
        () => db.users.attach({ id: 1 }),
        () => db.users.update({ id: 1, name: 'x' }),
        () => db.users.remove({ id: 1 }),
        () => db.users.add({ id: 1, name: 'x', email: null }),
      ])
        expect(use).to.throw(IdentityConflictError, "the same row of 'users'")
      db.changeTracker.clear()
      expect(db.users.attach({ id: 1 })).to.deep.equal({ id: 1 })
    })

    it('reload takes what the row has now in place of what was changed', async () => {
      const ada = (await db.users.find(1))!
      ada.name = 'mine'
      const other = unit.another()
      const theirs = (await other.users.find(1))!
      theirs.name = 'theirs'
      await other.saveChanges()
      await db.entry(ada).reload()

      expect([ada.name, ada.version, db.entry(ada).state]).to.deep.equal(['theirs', 2, 'unchanged'])
      other.orders.remove({ id: 1 })
      other.lines.remove({ orderId: 1, position: 1 })
      await other.saveChanges()
      const order = db.orders.attach({ id: 1 })
      await db.entry(order).reload()
      expect(db.entry(order).state).to.equal('detached')
    })

    it('reload in a transaction sees what was committed since it began', async () => {
      const ada = (await db.users.find(1))!
      if (kind.family === 'sqlite') return
      await db.transaction(async () => {
        await db.users.asNoTracking().toList()
        const other = unit.another()
        ;(await other.users.find(1))!.name = 'theirs'
        await other.saveChanges()
        await db.entry(ada).reload()
      })

      expect(ada.name).to.equal('theirs')
    })

    it('what the database makes is an error before the save, and seen by nobody who looks at the object', () => {
      const user = db.users.add({ name: 'Cy', email: null })

      expect(() => user.id).to.throw(InvalidArgumentError, 'users.id is made by the database')
      expect(JSON.stringify(user)).to.equal('{"name":"Cy","email":null}')
      expect({ ...user }).to.deep.equal({ name: 'Cy', email: null })
      expect(structuredClone(user)).to.deep.equal({ name: 'Cy', email: null })
      user.id = 40
      expect(user.id).to.equal(40)
    })

    it('U11: a checkpoint brings all objects back to what they were', async () => {
      const ada = (await db.users.find(1))!
      ada.name = 'before'
      const added = db.users.add({ name: 'added before', email: null })
      const checkpoint = db.changeTracker.checkpoint()
      ada.name = 'after'
      const late = db.users.add({ name: 'added after', email: null })
      const bob = (await db.users.find(2))!
      const error = await failure(
        db.transaction(async () => {
          await db.saveChanges()
          db.users.remove(bob)
          await db.saveChanges()
          throw new Error('no')
        }),
      )
      expect(error.message).to.equal('no')
      db.changeTracker.restore(checkpoint)

      expect(ada.name).to.equal('before')
      expect([ada, added, late, bob].map(one => db.entry(one).state)).to.deep.equal([
        'modified',
        'added',
        'detached',
        'detached',
      ])
      expect(() => added.id).to.throw('is made by the database')
      expect(await db.saveChanges()).to.equal(2)
      expect(() => db.changeTracker.restore(unit.another().changeTracker.checkpoint())).to.throw(
        InvalidArgumentError,
        'of the same context',
      )
    })

    it('U14: what may be null and was left out is null from the beginning, where the set knows it', () => {
      const note = db.notes.add({ id: NOTE.replace('0', '1'), body: 'x' })
      expect(note.meta).to.equal(null)
      expect(Object.keys(note)).to.deep.equal(['id', 'body', 'meta'])
      db.notes.remove(note)
    })

    it('D2: what is inspected names states and changed properties, and no value', async () => {
      const ada = (await db.users.find(1))!
      ada.email = 'secret@example.org'
      db.users.add({ name: 'hush', email: null })

      expect(inspect(db.entry(ada))).to.equal('EntityEntry(users, modified: email)')
      expect(inspect(db.changeTracker)).to.equal('ChangeTracker(1 modified, 1 added)')
      expect(db.changeTracker.debugView()).to.equal(
        "users { id: 1 } modified email: null -> 'secret@example.org'\n" +
          "users { id: not known yet } added name: 'hush' email: null",
      )
      expect(db.changeTracker.entries('orders')).to.deep.equal([])
    })

    describe('bad input', () => {
      const refused = (use: () => unknown, text: string) =>
        expect(use).to.throw(InvalidArgumentError, text)

      it('is refused where it is given', async () => {
        const bad: [unknown, string][] = [
          [null, 'it got null'],
          [undefined, 'it got undefined'],
          [7, 'it got a number'],
          ['Ada', 'it got a string'],
          [() => {}, 'it got a function'],
          [[{ name: 'x' }], 'addRange()'],
          [new Date(), 'a Date'],
          [Buffer.from('x'), 'bytes'],
          [new Map(), 'a Map or a Set'],
          [Promise.resolve({}), 'await it first'],
          [Object.freeze({ name: 'x', email: null }), 'a copy'],
        ]
        for (const [given, text] of bad)
          for (const method of ['add', 'attach', 'update', 'remove'] as const)
            refused(() => db.users[method](given as never), text)
        refused(() => db.users.remove({ name: 'x' } as never), "'id' has no value")
        refused(() => db.lines.remove({ orderId: 1 } as never), "'position' has no value")
        refused(() => db.notes.add({ id: NOTE, body: 'x', isAdmin: true } as never), "'isAdmin'")
        const ada = (await db.users.find(1))!
        refused(() => db.users.add(ada), 'as unchanged')
        refused(() => db.orders.attach(ada as never), "a row of 'users'")
        expect(db.changeTracker.entries()).to.have.length(1)
      })

      it('is refused by the save, and nothing is sent', async () => {
        const cases: [(own: UnitContext) => void | Promise<void>, string][] = [
          [async own => void ((await own.users.find(1))!.id = 9), 'key of a row'],
          [
            async own => void ((await own.users.find(1))!.version = 9),
            "'users.version' was changed",
          ],
          [
            async own => void ((await own.users.find(1))!.name = undefined as never),
            "'users.name' is undefined",
          ],
          [
            async own => void ((await own.users.find(1))!.email = { a: 1 } as never),
            "'users.email' holds what an undeclared column cannot",
          ],
          [
            async own => void ((await own.users.find(1))!.name = NaN as never),
            "'users.name' holds what an undeclared column cannot",
          ],
          [async own => void ((await own.orders.find(1))!.amount = '1.005'), 'orders.amount'],
          [own => void own.notes.add({ body: 'x' } as never), "no value for 'id'"],
          [
            own => void own.lines.add({ orderId: 1, text: 'x' } as never),
            "no value for 'position'",
          ],
        ]
        for (const [change, text] of cases) {
          const own = unit.another()
          await change(own)
          unit.log.clear()
          const error = await failure(own.saveChanges())
          expect(error, text).to.be.instanceOf(InvalidArgumentError)
          expect((error as Error).message).to.include(text)
          expect(unit.sent(), text).to.deep.equal([])
        }
      })

      it('a class instance is an entity by its own properties', async () => {
        class User {
          name = 'Cy'
          email: string | null = null
          get shout() {
            return this.name.toUpperCase()
          }
        }
        const user = db.users.add(new User())
        await db.saveChanges()

        expect(user).to.be.instanceOf(User)
        expect([user.id, (user as unknown as User).shout]).to.deep.equal([3, 'CY'])
      })
    })
  })
}
