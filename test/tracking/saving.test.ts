import { expect } from 'chai'
import { sql as kyselySql, type Generated } from 'kysely'
import {
  ConcurrentOperationError,
  DatabaseError,
  DbContext,
  decimal,
  RegistrationError,
  UpdateConcurrencyError,
  type MayflyDialect,
} from 'mayfly'
import { databases } from '../support/databases.js'
import { deferred, failure } from '../support/deferred.js'
import { openUnit, UnitContext, type Unit, type UnitDatabase } from './unit.js'

class TenantContext extends DbContext<UnitDatabase> {
  tenant = ''
  readonly users = this.set('users', {
    key: 'id',
    filter: { where: q => q.where('name', '=', this.tenant), forSaves: true },
  })
}

const uuidOf = (n: number) => `0b0e8c1c-7d1c-4b8e-9d5a-${String(n).padStart(12, '0')}`
const user = (name: string) => ({ name, email: null })
const names = (count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => user(`user ${from + i}`))

for (const kind of databases) {
  const { name, family, quote: q, placeholder: p } = kind
  const t = (text: string) => text.replaceAll('"', q)
  const given = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => p(from + i)).join(', ')

  describe(`saveChanges (${name})`, () => {
    let unit: Unit
    let db: UnitContext
    beforeEach(async () => {
      unit = await openUnit(kind)
      db = unit.db
    })
    afterEach(() => unit.close())

    const stored = () => unit.another({ tracking: false }).users.orderBy('id').toList()
    const storedNames = async () => (await stored()).map(row => row.name)
    const seed = async (...rows: string[]) => {
      const entities = db.users.addRange(rows.map(user))
      await db.saveChanges()
      unit.log.clear()
      return entities
    }

    it('U4: nothing changed is nothing sent', async () => {
      await seed('Ada')
      await db.users.find(1)

      expect(await db.saveChanges()).to.equal(0)
      expect(unit.sent()).to.deep.equal([])
    })

    it('U4: writes what was added, changed and removed, and says how many', async () => {
      const [ada, bob] = await seed('Ada', 'Bob', 'Cy')
      db.users.add(user('Di'))
      ada!.email = 'ada@example.org'
      db.users.remove(bob!)

      expect(await db.saveChanges()).to.equal(3)
      expect(await stored()).to.deep.equal([
        { id: 1, name: 'Ada', email: 'ada@example.org', version: 2 },
        { id: 3, name: 'Cy', email: null, version: 1 },
        { id: 4, name: 'Di', email: null, version: 1 },
      ])
      expect(db.changeTracker.hasChanges()).to.equal(false)
      expect(db.entry(bob!).state).to.equal('detached')
      expect(await db.saveChanges()).to.equal(0)
    })

    it('U4: what the database makes is there after the save, of the types that rows have', async () => {
      const note = db.notes.add({ id: uuidOf(1), body: 'x', meta: null })
      await db.saveChanges()

      expect(note).to.deep.equal({ id: uuidOf(1), body: 'x', meta: null, stars: 3 })
      expect(note).to.deep.equal(await unit.another().notes.find(uuidOf(1)))
      const ada = db.users.add(user('Ada'))
      await db.saveChanges()
      expect(ada).to.deep.equal((await stored())[0])
    })

    it('U4: one new row is one statement, without a transaction where the database gives it back', async () => {
      db.users.add(user('Ada'))
      await db.saveChanges()
      unit.log.clear()
      db.users.add(user('Bob'))
      await db.saveChanges()

      const insert = t(`insert into "users" ("name", "email", "version") values (${given(1, 3)})`)
      expect(unit.sent()).to.deep.equal(
        name === 'MySQL'
          ? ['begin', insert, t('select * from "users" where "id" = ?'), 'commit']
          : [`${insert} returning *`],
      )
    })

    it('U4: many new rows share a statement, where each gets the key of its own', async () => {
      await seed('first')
      const rows = db.users.addRange(names(4))
      await db.saveChanges()

      const log = unit.sent()
      expect((await stored()).slice(1)).to.deep.equal(rows)
      const into = t('insert into "users" ("name", "email", "version")')
      const tuple = (i: number, more = '') => `(${given(1 + i * 3, 3)}${more})`
      const tuples = [0, 1, 2, 3].map(i => tuple(i)).join(', ')
      const expected = {
        SQLite: ['begin', `${into} values ${tuple(0)} returning *, 4 times`, 'commit'],
        MariaDB: [`${into} values ${tuples} returning *`],
        MySQL: [
          'begin',
          'select @@auto_increment_increment as distance',
          `${into} values ${tuples}`,
          t(`select * from "users" where "id" in (?, ?, ?, ?)`),
          'commit',
        ],
        PostgreSQL: [
          `${into} select "name", "email", "version" from (values ((null::"users")."name", (null::"users")."email", (null::"users")."version", 0), ${[0, 1, 2, 3].map(i => tuple(i, `, ${i + 1}`)).join(', ')}) as "mayfly_v" ("name", "email", "version", "mayfly_n") where "mayfly_n" > 0 order by "mayfly_n" returning *`,
        ],
      }
      expect(log).to.deep.equal(expected[name])
    })

    if (family === 'postgres')
      it('U4: the first row of a table tells whether its keys are numbers, so that those after it share a statement', async () => {
        const rows = db.users.addRange(names(5))
        await db.saveChanges()
        const sent = unit.sent().map(line => line.replace(/ .*/, ''))
        expect(sent).to.deep.equal(['begin', 'insert', 'insert', 'commit'])
        expect(await stored()).to.deep.equal(rows)

        class Marked extends DbContext<{ marks: { id: Generated<string>; name: string } }> {
          readonly marks = this.set('marks', { key: 'id' })
        }
        await using own = new Marked({ dialect: unit.dialect })
        await kyselySql`create table marks (id uuid primary key default gen_random_uuid(), name text)`.execute(
          own.kysely,
        )
        unit.log.clear()
        const marks = own.marks.addRange(['a', 'b', 'c'].map(mark => ({ name: mark })))
        await own.saveChanges()
        expect(unit.sent()).to.have.length(5)
        for (const { id, name: mark } of marks)
          expect((await own.marks.asNoTracking().where('id', '=', id).single())!.name).to.equal(
            mark,
          )
      })

    if (family === 'sqlite')
      it('U4: a driver that knows no runs of a statement gets one statement for each new row', async () => {
        const plain: MayflyDialect = {
          ...unit.dialect,
          createDriver() {
            const driver = unit.dialect.createDriver()
            return {
              ...driver,
              async acquireConnection(request) {
                const connection = await driver.acquireConnection(request)
                return Object.assign(connection, { executeRuns: undefined })
              },
            }
          },
        }
        await using own = new UnitContext({ dialect: plain })
        const rows = own.users.addRange(names(3))
        unit.log.clear()
        await own.saveChanges()

        expect(unit.sent().filter(line => line.startsWith('insert'))).to.have.length(3)
        expect(await stored()).to.deep.equal(rows)
      })

    it('U4: only changed columns are sent, and rows that change the same share a statement', async () => {
      const [ada, bob, cy] = await seed('Ada', 'Bob', 'Cy')
      ada!.email = 'a'
      await db.saveChanges()
      expect(unit.sent()).to.deep.equal([
        t(
          `update "users" set "email" = ${p(1)}, "version" = ${p(2)} where "id" = ${p(3)} and "version" = ${p(4)}`,
        ),
      ])
      unit.log.clear()
      bob!.email = 'b'
      cy!.email = 'c'
      expect(await db.saveChanges()).to.equal(2)
      const grouped = unit.sent().filter(line => line.includes('update'))
      expect(grouped).to.have.length(1)
      expect(grouped[0]).to.not.match(/case/i)
      expect((await stored()).map(({ email, version }) => `${email} ${version}`)).to.deep.equal([
        'a 2',
        'b 2',
        'c 2',
      ])
    })

    it('U4: values keep their digits and types in a shared statement', async () => {
      const [ada] = await seed('Ada')
      const rows = db.orders.addRange(
        ['0.01', '9999999999.99', '-3.50', '12.00'].map((amount, i) => ({
          userId: ada!.id,
          amount,
          createdAt: new Date(Date.UTC(2026, 1, 28, 23, 59, 59, i)),
        })),
      )
      await db.saveChanges()
      const untouched = rows.pop()!
      rows.forEach((row, i) => {
        row.amount = ['1.10', '-9999999999.99', '0.00'][i]!
        row.createdAt = new Date(Date.UTC(1999, 11, 31, 0, 0, 0, 100 + i))
      })
      await db.saveChanges()

      const read = await unit.another().orders.orderBy('id').toList()
      expect(read).to.deep.equal([...rows, untouched])
    })

    it('U4: parents are inserted before their children and deleted after them', async () => {
      const order = { id: 50, userId: 70, amount: '1.00', createdAt: new Date(0) }
      db.lines.add({ orderId: 50, position: 1, text: 'x' })
      db.orders.add(order)
      db.users.add({ id: 70, ...user('Ada') })
      await db.saveChanges()
      const line = await db.lines.find({ orderId: 50, position: 1 })
      db.users.remove((await db.users.find(70))!)
      db.orders.remove((await db.orders.find(50))!)
      db.lines.remove(line!)

      expect(await db.saveChanges()).to.equal(3)
      expect(await db.users.count()).to.equal(0)
    })

    it('U4: a row is moved to a new parent before its old one is deleted', async () => {
      const [ada] = await seed('Ada')
      const order = db.orders.add({ userId: ada!.id, amount: '1.00', createdAt: new Date(0) })
      await db.saveChanges()
      db.users.add({ id: 90, ...user('Bob') })
      order.userId = 90
      db.users.remove(ada!)

      await db.saveChanges()
      expect(await storedNames()).to.deep.equal(['Bob'])
    })

    it('U4: a value that is taken away is free for a new row', async () => {
      const [ada] = await seed('Ada')
      db.users.add(user('Ada'))
      db.users.remove(ada!)

      await db.saveChanges()
      expect(await storedNames()).to.deep.equal(['Ada'])
      expect(db.entry(ada!).state).to.equal('detached')
    })

    it('U4: values that rows take from each other are given up first, in whatever order the rows are', async () => {
      for (const isInside of [false, true]) {
        const entities = await seed('a', 'b', 'c', 'd')
        const move = async (...to: string[]) => {
          for (const [i, entity] of entities.entries()) entity.name = to[i]!
          return isInside ? db.transaction(() => db.saveChanges()) : db.saveChanges()
        }
        expect(await move('b', 'c', 'x', 'd')).to.equal(3)
        expect(await storedNames()).to.deep.equal(['b', 'c', 'x', 'd'])
        expect(await move('y', 'b', 'c', 'x')).to.equal(4)
        expect(await storedNames()).to.deep.equal(['y', 'b', 'c', 'x'])
        expect(entities.map(({ version }) => version)).to.deep.equal([3, 3, 3, 2])

        // In a circle there is no order.
        const error = await failure(move('y', 'c', 'b', 'x'))
        expect(error).to.be.instanceOf(DatabaseError).and.include({ kind: 'unique' })
        expect(await storedNames()).to.deep.equal(['y', 'b', 'c', 'x'])
        expect(entities.map(entity => db.entry(entity).state)).to.deep.equal([
          'unchanged',
          'modified',
          'modified',
          'unchanged',
        ])
        await db.users.executeDelete()
        db.changeTracker.clear()
      }
    })

    it('U5: a bigint whose type is not declared is moved on, and tells of another change', async () => {
      await kyselySql
        .raw(t(`create table counters (id integer primary key, "n" integer, "v" bigint not null)`))
        .execute(db.kysely)
      await kyselySql`insert into counters values (1, 0, 1)`.execute(db.kysely)
      class Counters extends DbContext<{ counters: { id: number; n: number; v: number } }> {
        readonly counters = this.set('counters', { key: 'id', version: 'v' })
      }
      await using one = new Counters({ dialect: unit.dialect })
      await using other = new Counters({ dialect: unit.dialect })
      const [mine, theirs] = [await one.counters.find(1), await other.counters.find(1)]
      for (let i = 1; i <= 3; i++) {
        mine!.n = i
        await one.saveChanges()
      }
      expect(String(mine!.v)).to.equal('4')
      theirs!.n = 9
      expect(await failure(other.saveChanges())).to.be.instanceOf(UpdateConcurrencyError)
    })

    it('U5: a version that is no number is refused, and nothing is sent', async () => {
      class Dated extends DbContext<UnitDatabase> {
        readonly users = this.set('users', { key: 'id', version: 'name' })
      }
      await seed('Ada')
      await using own = new Dated({ dialect: unit.dialect })
      const [ada] = await own.users.toList()
      ada!.email = 'x'
      unit.log.clear()
      expect((await failure(own.saveChanges())).message).to.include("'name' is the version")
      expect(unit.sent().some(line => line.startsWith('update'))).to.equal(false)
      class Declared extends DbContext<UnitDatabase> {
        readonly orders = this.set('orders', {
          key: 'id',
          version: 'amount',
          columns: { amount: decimal({ scale: 2 }) },
        })
      }
      expect(() => new Declared({ dialect: unit.dialect })).to.throw(
        RegistrationError,
        'a version of the type decimal',
      )
    })

    it('U4: a key of several columns', async () => {
      const [ada] = await seed('Ada')
      const order = db.orders.add({ userId: ada!.id, amount: '1.00', createdAt: new Date(0) })
      await db.saveChanges()
      const rows = db.lines.addRange(
        [1, 2, 3].map(position => ({ orderId: order.id, position, text: `line ${position}` })),
      )
      await db.saveChanges()
      rows[0]!.text = 'changed'
      rows[1]!.text = 'too'
      db.lines.remove(rows[2]!)
      await db.saveChanges()

      expect(await unit.another().lines.orderBy('position').toList()).to.deep.equal([
        { orderId: order.id, position: 1, text: 'changed' },
        { orderId: order.id, position: 2, text: 'too' },
      ])
    })

    it('U1: what was attached and updated without being loaded', async () => {
      await seed('Ada', 'Bob')
      const own = unit.another()
      own.users.attach({ id: 1, version: 1 }).email = 'a'
      own.users.update({ id: 2, name: 'Bobby', email: null, version: 1 })

      expect(await own.saveChanges()).to.equal(2)
      expect((await stored()).map(row => row.name + row.email)).to.deep.equal(['Adaa', 'Bobbynull'])
      const third = unit.another()
      third.users.remove({ id: 1 })
      expect(await third.saveChanges()).to.equal(1)
      expect(await storedNames()).to.deep.equal(['Bobby'])
    })

    it('U8: what changes while a save runs stays modified', async () => {
      const [ada] = await seed('Ada')
      ada!.email = 'sent'
      const held = deferred()
      const arrived = deferred()
      unit.log.beforeStatement = sql => {
        if (!sql.includes('update')) return undefined
        arrived.resolve()
        return held.promise
      }
      const saving = db.saveChanges()
      await arrived.promise
      ada!.email = 'later'
      ada!.name = 'Grace'
      held.resolve()
      await saving

      expect(db.entry(ada!).originalValues).to.include({ email: 'sent', name: 'Ada' })
      expect(db.entry(ada!).state).to.equal('modified')
      unit.log.beforeStatement = undefined
      await db.saveChanges()
      expect((await stored())[0]).to.include({ email: 'later', name: 'Grace', version: 3 })
    })

    it('C2: is one operation: another one beside it is refused, and does it no harm', async () => {
      await seed('Ada')
      db.users.addRange(names(3))
      const saving = db.saveChanges()

      expect(await failure(db.users.count())).to.be.instanceOf(ConcurrentOperationError)
      expect(await saving).to.equal(3)
    })

    describe('U5: a row that has moved on', () => {
      it('is an UpdateConcurrencyError that names just those that lost, and nothing is stored', async () => {
        const [ada, bob, cy] = await seed('Ada', 'Bob', 'Cy')
        const other = unit.another()
        ;(await other.users.find(bob!.id))!.name = 'Bobby'
        await other.saveChanges()
        for (const [i, row] of [ada!, bob!, cy!].entries()) row.email = `mail ${i}`

        const error = await failure(db.saveChanges())
        expect(error).to.be.instanceOf(UpdateConcurrencyError)
        expect(error).to.include({ table: 'users' })
        expect(error.entities).to.have.members([bob])
        expect(JSON.stringify(error)).to.not.include('mail')
        expect((await stored()).map(({ email }) => email)).to.deep.equal([null, null, null])
        expect(db.entry(ada!).state).to.equal('modified')
        await db.entry(bob!).reload()
        expect(bob).to.include({ name: 'Bobby', email: null, version: 2 })
        bob!.email = 'mail 1'
        expect(await db.saveChanges()).to.equal(3)
        expect((await stored()).map(({ email }) => email)).to.deep.equal([
          'mail 0',
          'mail 1',
          'mail 2',
        ])
      })

      it('is one without a version, too, where it is gone', async () => {
        const [ada] = await seed('Ada')
        const orders = db.orders.addRange(
          [1, 2, 3].map(() => ({ userId: ada!.id, amount: '1.00', createdAt: new Date(0) })),
        )
        await db.saveChanges()
        const other = unit.another()
        other.orders.remove({ id: orders[1]!.id })
        await other.saveChanges()

        for (const order of orders) order.amount = '2.00'
        const lost = await failure(db.saveChanges())
        expect(lost.entities).to.have.members([orders[1]])
        for (const order of orders) db.orders.remove(order)
        const error = await failure(db.saveChanges())
        expect(error).to.be.instanceOf(UpdateConcurrencyError)
        expect(error.entities).to.have.members([orders[1]])
        expect(error.message).to.include('delete')
        expect(await db.orders.count()).to.equal(2)
      })

      it('is found by a version that was attached', async () => {
        await seed('Ada')
        const own = unit.another()
        const ada = own.users.attach({ id: 1, version: 7 })
        ada.name = 'x'

        const error = await failure(own.saveChanges())
        expect(error.entities).to.have.members([ada])
      })

      it('and the save inside a transaction leaves the rest of the transaction', async () => {
        const [ada, bob] = await seed('Ada', 'Bob')
        const other = unit.another()
        ;(await other.users.find(bob!.id))!.name = 'Bobby'
        await other.saveChanges()
        await db.transaction(async () => {
          ada!.email = 'kept'
          await db.saveChanges()
          bob!.email = 'lost'
          ada!.name = 'lost'
          expect(await failure(db.saveChanges())).to.be.instanceOf(UpdateConcurrencyError)
          db.changeTracker.clear()
        })

        expect((await stored()).map(row => row.name + row.email)).to.deep.equal([
          'Adakept',
          'Bobbynull',
        ])
      })
    })

    it('U6: a filter that holds for saves: what it hides is neither changed nor deleted', async () => {
      const own = new TenantContext({ dialect: unit.dialect })
      await seed('mine', 'theirs')
      own.tenant = 'mine'
      const mine = (await own.users.find(1))!
      mine.email = 'm'
      expect(await own.saveChanges()).to.equal(1)
      const attached = own.users.attach({ id: 2 })
      attached.email = 'stolen'
      const changed = await failure(own.saveChanges())
      expect(changed).to.be.instanceOf(UpdateConcurrencyError)
      expect(changed.entities).to.have.members([attached])
      own.changeTracker.clear()
      own.users.remove({ id: 2 })
      own.users.remove({ id: 1 })
      expect(await failure(own.saveChanges())).to.be.instanceOf(UpdateConcurrencyError)
      expect((await stored()).map(row => row.name + row.email)).to.deep.equal([
        'minem',
        'theirsnull',
      ])
      own.changeTracker.clear()
      own.users.remove({ id: 1 })
      expect(await own.saveChanges()).to.equal(1)
      expect(await storedNames()).to.deep.equal(['theirs'])
      await own.dispose()
    })

    describe('a save that the database refuses', () => {
      it('writes nothing, keeps the states, names the entity, and succeeds when that is mended', async () => {
        const [taken] = await seed('taken')
        taken!.email = 'changed'
        const rows = db.users.addRange(names(100))
        rows[57]!.name = 'taken'

        const error = await failure(db.saveChanges())
        expect(error).to.be.instanceOf(DatabaseError).and.include({ kind: 'unique' })
        expect(error.entities).to.have.members([rows[57]])
        expect(await stored()).to.have.length(1)
        expect((await stored())[0]!.email).to.equal(null)
        expect(db.entry(taken!).state).to.equal('modified')
        expect(db.entry(rows[0]!).state).to.equal('added')
        expect(() => rows[0]!.id).to.throw('is made by the database')
        rows[57]!.name = 'free'
        expect(await db.saveChanges()).to.equal(101)
        expect(new Set(rows.map(({ id }) => id)).size).to.equal(100)
      })

      it('names the entity of a foreign key and of a NULL', async () => {
        const [ada] = await seed('Ada')
        const orders = [1, 99, 1].map(userId => ({
          userId,
          amount: '1.00',
          createdAt: new Date(0),
        }))
        db.orders.addRange(orders)
        const error = await failure(db.saveChanges())
        expect(error).to.include({ kind: 'foreignKey' })
        expect(error.entities).to.have.members([orders[1]])
        db.changeTracker.clear()
        const own = await db.users.find(ada!.id)
        own!.name = null as never
        const notNull = await failure(db.saveChanges())
        expect(notNull).to.include({ kind: 'notNull' })
        expect(notNull.entities).to.have.members([own])
      })

      it('can be tried again in the same transaction', async () => {
        await seed('taken')
        await db.transaction(async () => {
          const row = db.users.add(user('taken'))
          expect(await failure(db.saveChanges())).to.include({ kind: 'unique' })
          row.name = 'free'
          await db.saveChanges()
        })

        expect(await storedNames()).to.deep.equal(['taken', 'free'])
      })
    })

    describe('U11: a transaction', () => {
      it('that is rolled back takes states, keys and versions back, and the next save writes the same again', async () => {
        const [ada, bob] = await seed('Ada', 'Bob')
        const added = user('Cy') as { id?: number } & ReturnType<typeof user>
        await failure(
          db.transaction(async () => {
            db.users.add(added)
            ada!.name = 'Grace'
            db.users.remove(bob!)
            await db.saveChanges()
            expect(added.id).to.be.a('number')
            expect(ada!.version).to.equal(2)
            throw new Error('no')
          }),
        )

        expect(Object.hasOwn(added, 'id')).to.equal(false)
        expect(() => added.id).to.throw('is made by the database')
        expect(ada!.version).to.equal(1)
        expect([added, ada!, bob!].map(entity => db.entry(entity).state)).to.deep.equal([
          'added',
          'modified',
          'deleted',
        ])
        expect(await storedNames()).to.deep.equal(['Ada', 'Bob'])
        expect(await db.saveChanges()).to.equal(3)
        expect(await storedNames()).to.deep.equal(['Grace', 'Cy'])
      })

      it('that is rolled back leaves what was changed after its save, also what it had made', async () => {
        const whole = db.parts.add({ name: 'whole', partOf: null })
        await db.saveChanges()
        const part = db.parts.add({ name: 'part', whole })
        const note = db.notes.add({ id: uuidOf(77), body: 'x' })
        await failure(
          db.transaction(async () => {
            await db.saveChanges()
            expect([part.partOf, note.stars]).to.deep.equal([whole.id, 3])
            part.partOf = null
            note.stars = 5
            throw new Error('no')
          }),
        )
        await db.saveChanges()

        const own = unit.another({ tracking: false })
        expect((await own.parts.find(part.id))!.partOf).to.equal(null)
        expect((await own.notes.find(note.id))!.stars).to.equal(5)
      })

      it('that is rolled back to a savepoint takes back what was saved in it, and no more', async () => {
        const [ada] = await seed('Ada')
        const outer = user('outer')
        const inner = user('inner')
        await db.transaction(async () => {
          db.users.add(outer)
          await db.saveChanges()
          await failure(
            db.transaction(async () => {
              db.users.add(inner)
              ada!.email = 'inner'
              await db.saveChanges()
              throw new Error('no')
            }),
          )
          expect(db.entry(outer).state).to.equal('unchanged')
          expect(db.entry(inner).state).to.equal('added')
          expect(db.entry(ada!).state).to.equal('modified')
        })

        expect(await storedNames()).to.deep.equal(['Ada', 'outer'])
        await db.saveChanges()
        expect(await storedNames()).to.deep.equal(['Ada', 'outer', 'inner'])
      })

      it('whose savepoint was released and that is then rolled back takes back that, too', async () => {
        const inner = user('inner')
        await failure(
          db.transaction(async () => {
            await db.transaction(async () => {
              db.users.add(inner)
              await db.saveChanges()
            })
            throw new Error('no')
          }),
        )

        expect(db.entry(inner).state).to.equal('added')
        await db.saveChanges()
        expect(await storedNames()).to.deep.equal(['inner'])
      })

      it('that is rolled back forgets what was loaded in it, and reads the rest anew', async () => {
        const [ada] = await seed('Ada')
        let loaded: object | undefined
        await failure(
          db.transaction(async () => {
            await db.kysely.insertInto('users').values(user('ghost')).execute()
            await db.kysely.updateTable('users').set({ email: 'ghost' }).execute()
            loaded = await db.users.where('name', '=', 'ghost').first()
            throw new Error('no')
          }),
        )

        expect(db.entry(loaded!).state).to.equal('detached')
        unit.log.clear()
        expect(await db.users.find(ada!.id)).to.equal(ada)
        expect(unit.sent()).to.have.length(1)
        expect(ada!.email).to.equal(null)
      })

      it('that commits is final', async () => {
        const row = user('Ada')
        await db.transaction(async () => {
          db.users.add(row)
          await db.saveChanges()
        })
        unit.log.clear()

        expect(await db.saveChanges()).to.equal(0)
        expect(unit.sent()).to.deep.equal([])
      })

      it('saves in savepoints only where the server needs one', async () => {
        const [ada] = await seed('Ada')
        await db.transaction(async () => {
          ada!.email = 'x'
          await db.saveChanges()
        })

        const hasSavepoint = unit.sent().some(line => line.includes('savepoint'))
        expect(hasSavepoint).to.equal(family === 'postgres')
      })
    })

    describe('U11: a save whose answer is lost', () => {
      const lose = (of: RegExp) => {
        unit.log.beforeStatement = sql => {
          if (of.test(sql)) throw Object.assign(new Error('lost'), LOST[family])
        }
      }

      it('in a transaction before its commit is not stored, and can be saved again', async () => {
        const rows = db.users.addRange(names(3))
        db.notes.add({ id: uuidOf(1), body: 'x', meta: null })
        lose(/insert into .?notes/)
        const error = await failure(db.saveChanges())
        unit.log.beforeStatement = undefined

        expect(error).to.be.instanceOf(DatabaseError)
        expect(await stored()).to.deep.equal([])
        expect(db.entry(rows[0]!).state).to.equal('added')
        expect(await db.saveChanges()).to.equal(4)
        expect(await stored()).to.deep.equal(rows)
      })
    })

    // SQLite lets one write at a time, and the others wait for it.
    const each = family === 'sqlite' ? 50 : 1250
    it(`${8 * each} new rows from 8 contexts at once: each has the key of its own row`, async () => {
      const contexts = Array.from({ length: 8 }, () => unit.another())
      const all = await Promise.all(
        contexts.map(async (own, n) => {
          const rows = own.users.addRange(names(each, n * each))
          await own.saveChanges()
          return rows
        }),
      )

      const byId = new Map((await stored()).map(row => [row.id, row.name]))
      const wrong = all.flat().filter(({ id, name: own }) => byId.get(id) !== own)
      expect(byId.size).to.equal(8 * each)
      expect(wrong).to.deep.equal([])
    }).timeout(120_000)
  })
}

/** How a driver says that its connection is gone. */
const LOST = {
  sqlite: { code: 'SQLITE_IOERR' },
  mysql: { code: 'PROTOCOL_CONNECTION_LOST', fatal: true },
  postgres: { code: '08006' },
} as const
