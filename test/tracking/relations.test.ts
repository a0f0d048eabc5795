import { expect } from 'chai'
import {
  dateTime,
  DbContext,
  decimal,
  InvalidArgumentError,
  many,
  one,
  oneOrNone,
  type Entity,
} from 'mayfly'
import { databases } from '../support/databases.js'
import { failure } from '../support/deferred.js'
import { openUnit, type Unit, type UnitContext, type UnitDatabase } from './unit.js'

const at = new Date(Date.UTC(2026, 5, 1))
const user = (name: string) => ({ name, email: null })

class HidingContext extends DbContext<UnitDatabase> {
  readonly users = this.set('users', { key: 'id', filter: q => q.where('name', '!=', 'Ada') })
  readonly orders = this.set('orders', {
    key: 'id',
    relations: { user: one('users', 'userId'), userOrNone: oneOrNone('users', 'userId') },
  })
}

for (const kind of databases) {
  describe(`relations (${kind.name})`, () => {
    let unit: Unit
    let db: UnitContext
    beforeEach(async () => {
      unit = await openUnit(kind)
      const first = unit.another()
      const [ada, bob] = first.users.addRange([user('Ada'), user('Bob'), user('Cy')])
      for (const [owner, amount] of [
        [ada, '1.00'],
        [bob, '2.00'],
        [ada, '3.00'],
        [ada, '4.00'],
      ] as const)
        first.orders.add({ user: owner!, amount, createdAt: at })
      await first.saveChanges()
      first.lines.addRange([
        { orderId: 1, position: 1, text: 'a' },
        { orderId: 1, position: 2, text: 'b' },
        { orderId: 3, position: 1, text: 'c' },
      ])
      await first.saveChanges()
      db = unit.another()
      unit.log.clear()
    })
    afterEach(() => unit.close())

    it('are read by one query more for each level, and are the same objects on both ends', async () => {
      const users = await db.users
        .include('orders', db.orders.include('lines').orderBy('id'))
        .orderBy('id')
        .toList()

      expect(users.map(({ orders }) => orders.map(({ amount }) => amount))).to.deep.equal([
        ['1.00', '3.00', '4.00'],
        ['2.00'],
        [],
      ])
      expect(users[0]!.orders[0]!.lines.map(({ text }) => text)).to.deep.equal(['a', 'b'])
      expect(unit.sent()).to.have.length(3)
      expect((users[0]!.orders[0] as unknown as { user: object }).user).to.equal(users[0])
      expect(JSON.parse(JSON.stringify(users[1]))).to.deep.equal({
        id: 2,
        ...user('Bob'),
        version: 1,
        orders: [{ id: 2, userId: 2, amount: '2.00', createdAt: at.toISOString(), lines: [] }],
      })
      expect(db.entry(users[0]!.orders[0]!).state).to.equal('unchanged')
      expect(db.changeTracker.hasChanges()).to.equal(false)
      users[0]!.orders[0]!.amount = '9.00'
      expect(await db.saveChanges()).to.equal(1)
    })

    it('to one row, which is the object that the context has', async () => {
      const ada = await db.users.find(1)
      const orders = await db.orders.include('user').orderBy('id').toList()

      expect(orders.map(order => order.user.name)).to.deep.equal(['Ada', 'Bob', 'Ada', 'Ada'])
      expect(orders[0]!.user).to.equal(ada)
      expect((await db.orders.include('user').first())!.user).to.equal(ada)
    })

    it('read only what their query says, and take counts for each row', async () => {
      const users = await db.users
        .include('orders', q => q.where('amount', '>', '1.00').orderByDescending('id').take(1))
        .orderBy('id')
        .toList()

      expect(users.map(({ orders }) => orders.map(({ id }) => id))).to.deep.equal([[4], [2], []])
    })

    it('may leave out the columns by which they are found', async () => {
      const users = await db.users
        .include('orders', db.orders.select('amount').orderBy('id'))
        .orderBy('id')
        .toList()
      expect(users.map(({ orders }) => orders)).to.deep.equal([
        [{ amount: '1.00' }, { amount: '3.00' }, { amount: '4.00' }],
        [{ amount: '2.00' }],
        [],
      ])
      const orders = await db.orders
        .include('user', db.users.select('name'))
        .orderBy('id')
        .take(2)
        .toList()
      expect(orders.map(({ user: owner }) => owner)).to.deep.equal([
        { name: 'Ada' },
        { name: 'Bob' },
      ])
      expect(() => (db.users.select('name') as any).include('orders')).to.throw(
        InvalidArgumentError,
        'needs whole rows',
      )
    })

    it('lead back to the row that they belong to now', async () => {
      const [ada, bob] = await db.users.include('orders').orderBy('id').toList()
      const [moved] = ada!.orders
      moved!.userId = bob!.id
      await db.saveChanges()
      await db.users.include('orders').toList()
      expect((moved as any).user).to.equal(bob)
    })

    it('of an untracked query are untracked', async () => {
      const [ada] = await db.users.asNoTracking().include('orders').orderBy('id').toList()

      expect(ada!.orders).to.have.length(3)
      expect(db.changeTracker.entries()).to.deep.equal([])
    })

    it('are loaded for an object that is there, and only then', async () => {
      const ada = (await db.users.find(1))!
      unit.log.clear()
      const { orders } = await db.users.load(ada, 'orders')

      expect(orders).to.have.length(3)
      expect(unit.sent()).to.have.length(1)
      expect(db.changeTracker.hasChanges()).to.equal(false)
      const order = await db.orders.load((await db.orders.find(2))!, 'user')
      expect(order.user.name).to.equal('Bob')
    })

    it('to a row that may be missing are null, and to one that must be there an error', async () => {
      const [whole] = db.parts.addRange([{ name: 'car', partOf: null }])
      await db.saveChanges()
      expect((await db.parts.include('whole').first())!.whole).to.equal(null)
      db.parts.add({ name: 'wheel', whole: whole! })
      await db.saveChanges()
      expect((await db.parts.include('parts').orderBy('id').first())!.parts).to.have.length(1)

      const hiding = new HidingContext({ dialect: unit.dialect })
      const error = await failure(hiding.orders.include('user').toList())
      expect(error).to.be.instanceOf(InvalidArgumentError)
      expect(error.message).to.include(
        "refers to one of 'users' that is not there, or that a filter hides",
      )
      const orders = await hiding.orders.include('userOrNone').orderBy('id').toList()
      expect(orders.map(({ userOrNone }) => userOrNone?.name)).to.deep.equal([
        undefined,
        'Bob',
        undefined,
        undefined,
      ])
      await hiding.dispose()
    })

    it('a new row takes the key of a new row that it is given', async () => {
      const owner = db.users.add(user('Di'))
      const order = db.orders.add({ user: owner, amount: '5.00', createdAt: at })
      expect(() => order.userId).to.throw(InvalidArgumentError, 'known after saveChanges')
      expect(await db.saveChanges()).to.equal(2)

      expect(order.userId).to.equal(owner.id)
      const old = (await db.users.find(2))!
      const next = db.orders.add({ user: old, amount: '6.00', createdAt: at })
      await db.saveChanges()
      expect(next.userId).to.equal(2)
      expect(await unit.another().orders.where('userId', '=', owner.id).count()).to.equal(1)
    })

    it('a tree of new rows of one table is inserted from its root, and deleted to it', async () => {
      const root = { name: 'root' }
      const branch = { name: 'branch', whole: root as Entity<UnitDatabase, 'parts'> }
      const leaf = { name: 'leaf', whole: branch as unknown as Entity<UnitDatabase, 'parts'> }
      const parts = db.parts.addRange([leaf, branch, root] as never)
      await db.saveChanges()

      expect(parts.map(({ partOf }) => partOf)).to.deep.equal([parts[1]!.id, parts[2]!.id, null])
      for (const part of [parts[2]!, parts[0]!, parts[1]!]) db.parts.remove(part)
      expect(await db.saveChanges()).to.equal(3)
      expect(await db.parts.count()).to.equal(0)
    })

    it('take with a row that is removed what belongs to it, as declared, and nothing else', async () => {
      class Cascade extends DbContext<UnitDatabase> {
        readonly users = this.set('users', {
          key: 'id',
          relations: { orders: many('orders', 'userId', { onRemove: 'cascade' }) },
        })
        readonly orders = this.set('orders', {
          key: 'id',
          columns: { createdAt: dateTime(), amount: decimal({ scale: 2 }) },
          relations: { lines: many('lines', 'orderId', { onRemove: 'cascade' }) },
        })
        readonly lines = this.set('lines', { key: ['orderId', 'position'] })
      }
      const order = (userId: number) => ({ userId, amount: '1.00', createdAt: new Date(0) })
      await using own = new Cascade({ dialect: unit.dialect })
      const [ada, bob] = own.users.addRange([
        { name: 'Cascade A', email: null },
        { name: 'Cascade B', email: null },
      ])
      await own.saveChanges()
      const [a, b] = own.orders.addRange([order(ada!.id), order(bob!.id)])
      await own.saveChanges()
      for (const { id } of [a!, b!]) own.lines.add({ orderId: id, position: 1, text: 'x' })
      await own.saveChanges()
      const seen: string[] = []
      own.intercept({
        saving: ({ entries }) =>
          void seen.push(...entries.map(({ table, state }) => `${table} ${state}`)),
      })

      const late = own.orders.add(order(ada!.id))
      own.users.remove(ada!)
      expect(await own.saveChanges()).to.equal(3)
      expect(seen.toSorted()).to.deep.equal(['lines deleted', 'orders deleted', 'users deleted'])
      expect(own.entry(late).state).to.equal('detached')
      expect(await own.orders.where('id', 'in', [a!.id, b!.id]).count()).to.equal(1)
      expect(await own.lines.where('orderId', '=', b!.id).count()).to.equal(1)

      own.changeTracker.clear()
      own.users.remove({ id: bob!.id })
      expect(await failure(own.saveChanges())).to.include({ kind: 'foreignKey' })
      await own.users.where('id', '=', bob!.id).include('orders').toList()
      await own.lines.toList()
      expect(await own.saveChanges()).to.equal(3)
      expect(() => many('a', 'b', { onRemove: 'restrict' as never })).to.throw(
        InvalidArgumentError,
        "'cascade'",
      )
    })

    it('refuse what cannot work', async () => {
      const bad: [() => unknown, string][] = [
        [() => db.users.include('ordres' as 'orders'), "no relation 'ordres'. It has orders"],
        [() => db.users.include('orders', db.users as never), "takes a query on 'orders'"],
        [() => db.notes.include('x' as never), 'It declares none'],
      ]
      for (const [use, text] of bad) expect(use).to.throw(InvalidArgumentError, text)
      const built = db.users.include('orders').build(q => q.where('id', '=', 1))
      expect(await failure(built.toList())).to.be.instanceOf(InvalidArgumentError)
      const streamed = (async () => {
        for await (const row of db.users.include('orders')) expect(row).to.equal(undefined)
      })()
      expect(await failure(streamed)).to.be.instanceOf(InvalidArgumentError)
      db.orders.add({ user: { id: 1 } as never, amount: '1.00', createdAt: at })
      const unknown = await failure(db.saveChanges())
      expect(unknown.message).to.include(
        "'orders.user' is an object that the context does not know",
      )
      db.changeTracker.clear()
      const ada = (await db.users.find(1))!
      db.orders.add({ user: ada, userId: 2, amount: '1.00', createdAt: at })
      expect((await failure(db.saveChanges())).message).to.include('do not mean the same row')
    })
  })
}
