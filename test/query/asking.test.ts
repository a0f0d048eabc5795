import { expect } from 'chai'
import fc from 'fast-check'
import { InvalidArgumentError, RowCountError, TransactionStateError } from 'mayfly'
import { databases } from '../support/databases.js'
import { failure } from '../support/deferred.js'
import { openUnit, type Unit, type UnitContext } from '../tracking/unit.js'

const at = (day: number) => new Date(Date.UTC(2026, 0, day))

for (const kind of databases) {
  const { family, quote: q } = kind
  const t = (text: string) => text.replaceAll('"', q)

  describe(`what a query can be asked (${kind.name})`, () => {
    let unit: Unit
    let db: UnitContext
    before(async () => {
      unit = await openUnit(kind)
      const own = unit.another()
      own.users.addRange([
        { name: 'Ada', email: 'a_da@example.org' },
        { name: 'Bob', email: null },
        { name: 'Cy 100%', email: 'cy!@example.org' },
        { name: 'Di', email: null },
      ])
      await own.saveChanges()
      own.orders.addRange(
        [
          [1, '0.10'],
          [1, '0.20'],
          [2, '9999999999.99'],
          [3, '0.01'],
        ].map(([userId, amount], i) => ({
          userId: userId as number,
          amount: amount as string,
          createdAt: at(1 + (i % 2)),
        })),
      )
      await own.saveChanges()
    })
    beforeEach(() => {
      db = unit.another()
      unit.log.clear()
    })
    after(() => unit.close())

    it('columns: fresh objects that nobody tracks, with the values of their columns', async () => {
      const rows = await db.orders.select('amount', 'createdAt').orderBy('id').toList()

      expect(rows[1]).to.deep.equal({ amount: '0.20', createdAt: at(2) })
      expect(db.changeTracker.entries()).to.deep.equal([])
      expect(unit.sent()[0]).to.match(/^select .?amount.?, .?createdAt/)
      const first = await db.users.select('name').orderBy('id').firstOrThrow()
      // @ts-expect-error -- it was not selected
      expect(first.email).to.equal(undefined)
    })

    it('distinct rows, counted as they come', async () => {
      const days = db.orders.select('createdAt').distinct()

      expect(await days.orderBy('createdAt').toList()).to.deep.equal([
        { createdAt: at(1) },
        { createdAt: at(2) },
      ])
      expect(await days.count()).to.equal(2)
    })

    it('one row: none, one or several', async () => {
      const named = (name: string) => db.users.where('name', '=', name)

      expect(await named('x').first()).to.equal(undefined)
      expect(await named('x').single()).to.equal(undefined)
      expect((await named('Ada').single())!.name).to.equal('Ada')
      expect((await named('Ada').singleOrThrow()).name).to.equal('Ada')
      for (const [ask, found] of [
        [() => named('x').firstOrThrow(), 'none'],
        [() => named('x').singleOrThrow(), 'none'],
        [() => db.users.single(), 'several'],
        [() => db.users.singleOrThrow(), 'several'],
      ] as const) {
        const error = await failure(ask())
        expect(error).to.be.instanceOf(RowCountError)
        expect(error).to.include({ found, table: 'users', code: 'MAYFLY_ROW_COUNT' })
      }
    })

    it('a map by a column that is unique', async () => {
      const byName = await db.users.toMap('name')

      expect([...byName.keys()]).to.have.members(['Ada', 'Bob', 'Cy 100%', 'Di'])
      expect(byName.get('Bob')!.id).to.equal(2)
      expect(await failure(db.users.toMap('email'))).to.be.instanceOf(InvalidArgumentError)
    })

    it('U9: sums and extremes are values of the column', async () => {
      expect(await db.orders.sum('amount')).to.equal('10000000000.30')
      expect(await db.orders.where('amount', '<', '1.00').sum('amount')).to.equal('0.31')
      expect(await db.orders.min('amount')).to.equal('0.01')
      expect(await db.orders.max('createdAt')).to.deep.equal(at(2))
      expect(await db.users.sum('version')).to.equal(4)
      expect(await db.users.average('version')).to.equal(1)
      expect(await db.orders.orderBy('id').take(2).sum('amount')).to.equal('0.30')
      const none = db.orders.where('id', '<', 0)
      expect([
        await none.sum('amount'),
        await none.min('amount'),
        await none.average('userId'),
      ]).to.deep.equal(['0.00', undefined, undefined])
      expect(await failure(db.notes.sum('body' as never))).to.be.instanceOf(InvalidArgumentError)
    })

    it('U9, U13: values inside of expressions travel as their columns do', async () => {
      const ids = async (query: ReturnType<typeof db.orders.where>) =>
        (await query.orderBy('id').toList()).map(({ id }) => id)

      expect(await ids(db.orders.where(eb => eb('createdAt', '=', at(2))))).to.deep.equal([2, 4])
      expect(await ids(db.orders.where(eb => eb('createdAt', '>', at(1))))).to.deep.equal([2, 4])
      expect(
        await ids(db.orders.where(eb => eb('orders.createdAt', 'in', [at(1), at(7)]))),
      ).to.deep.equal([1, 3])
      expect(await ids(db.orders.where(eb => eb.between('createdAt', at(2), at(3))))).to.deep.equal(
        [2, 4],
      )
      expect(
        await ids(
          db.orders.where(eb =>
            eb.or([eb('amount', '=', '0.10'), eb.not(eb('amount', '<', '9999999999.99'))]),
          ),
        ),
      ).to.deep.equal([1, 3])
      expect(
        await ids(db.orders.where(eb => eb(eb.val(at(1)), '<', eb.ref('createdAt')))),
      ).to.deep.equal([2, 4])
      const others = db.orders.where(eb =>
        eb.exists(
          eb
            .selectFrom('users')
            .select('users.id')
            .whereRef('users.id', '=', 'orders.userId')
            .where('name', '=', 'Bob'),
        ),
      )
      expect(await ids(others)).to.deep.equal([3])
      expect(() => db.orders.where(eb => eb('amount', '>', 'many'))).to.throw(
        InvalidArgumentError,
        'orders.amount',
      )
    })

    it('U13: in a list, in none, and by text whose wildcards mean themselves', async () => {
      const names = async (query: typeof db.users | ReturnType<typeof db.users.where>) =>
        (await query.orderBy('id').toList()).map(({ name }) => name)

      expect(await names(db.users.in('id', new Set([1, 3])))).to.deep.equal(['Ada', 'Cy 100%'])
      expect(await names(db.users.in('id', []))).to.deep.equal([])
      expect(await names(db.users.contains('name', '0%'))).to.deep.equal(['Cy 100%'])
      expect(await names(db.users.contains('email', 'a_d'))).to.deep.equal(['Ada'])
      expect(await names(db.users.contains('email', 'aXd'))).to.deep.equal([])
      expect(await names(db.users.contains('email', 'y!@'))).to.deep.equal(['Cy 100%'])
      expect(await names(db.users.startsWith('name', 'B'))).to.deep.equal(['Bob'])
      expect(await names(db.users.startsWith('name', 'o'))).to.deep.equal([])
      expect(() => db.users.contains('name', 7 as never)).to.throw(InvalidArgumentError)
      expect(() => db.orders.contains('amount', '1')).to.throw(InvalidArgumentError)
    })

    it('a tag, out of which nothing can break', async () => {
      const hostile = "list */ ; drop table users; -- ? $1 :x ' \n /*! 1 */ \0 \\"
      for (let i = 0; i < 3; i++)
        expect(
          await db.users.tagWith(hostile).where('id', '=', 1).asNoTracking().toList(),
        ).to.have.length(1)
      expect(unit.sent()[0]).to.match(/^\/\* list _ _ drop table users_ [^*]* \*\/ select/)
      expect(unit.sent()[0]!.slice(2, -1).split('*/')).to.have.length(2)
      expect(unit.sent()[0]).to.not.match(/\/\*.*[?$:'\\!\0\n].*\*\//)
      expect(await db.users.tagWith('how many').count()).to.equal(4)
    })

    it('its statement, without sending it', () => {
      const { sql, parameters } = db.users.where('id', '=', 7).toSql()

      expect(sql).to.equal(t(`select "users".* from "users" where "id" = ${kind.placeholder(1)}`))
      expect(parameters).to.deep.equal([7])
      expect(unit.sent()).to.deep.equal([])
    })

    it('a lock, inside a transaction only', async () => {
      const locked = db.users.where('id', '=', 1).forUpdate()

      const error = await failure(locked.toList())
      expect(error).to.be.instanceOf(TransactionStateError)
      expect(unit.sent()).to.deep.equal([])
      await db.transaction(async () => {
        expect(await locked.toList()).to.have.length(1)
        expect(await db.users.forShare().toList()).to.have.length(4)
      })
      const hasLock = unit.sent().filter(line => /for update|for share|lock in share/.test(line))
      expect(hasLock).to.have.length(family === 'sqlite' ? 0 : 2)
      if (family === 'sqlite')
        expect(() => db.users.forUpdate({ skipLocked: true })).to.throw(InvalidArgumentError)
      for (const bad of [{ skipLock: true }, { noWait: 'yes' }, 7] as any[])
        expect(() => db.users.forUpdate(bad)).to.throw(InvalidArgumentError)
    })

    if (family !== 'sqlite')
      it('a lock that leaves out what others have locked', async () => {
        const other = unit.another()
        await db.transaction(async () => {
          await db.users.where('id', '=', 1).forUpdate().toList()
          await other
            .transaction(async () => {
              const free = await other.users.orderBy('id').forUpdate({ skipLocked: true }).toList()
              expect(free.map(({ id }) => id)).to.not.include(1)
              const refused = other.users.where('id', '=', 1).forUpdate({ noWait: true }).toList()
              expect(await failure(refused)).to.include({ kind: 'lockTimeout' })
              if (family === 'postgres') throw new Error('over')
            })
            .catch((error: Error) => expect(error.message).to.equal('over'))
        })
      })

    it('U13: what comes after a row, NULL first, in mixed directions', async () => {
      const orders = [
        db.users.orderBy('email'),
        db.users.orderByDescending('email'),
        db.users.orderBy('email').thenByDescending('name'),
      ]
      for (const ordered of orders) {
        const all = await ordered.thenBy('id').asNoTracking().toList()
        const seen: unknown[] = []
        let page = await ordered.after(undefined).take(1).asNoTracking().toList()
        while (page.length > 0) {
          seen.push(page[0])
          page = await ordered.after(page[0]).take(1).asNoTracking().toList()
        }
        expect(seen).to.have.deep.members(all)
        expect(seen).to.have.length(4)
      }
      expect(() => db.users.where('id', '>', 0).after({ id: 1 })).to.throw(
        InvalidArgumentError,
        'needs an order',
      )
      expect(() => db.users.orderBy('name').after({ id: 1 })).to.throw(
        InvalidArgumentError,
        "'name'",
      )
    })

    it('U13: pages put together are the whole, whatever their size', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: 5 }),
          fc.constantFrom('createdAt' as const, 'amount' as const, 'userId' as const),
          fc.boolean(),
          async (size, column, descends) => {
            const set = db.orders.asNoTracking()
            const ordered = descends ? set.orderByDescending(column) : set.orderBy(column)
            const pages: number[] = []
            for (let number = 1; ; number++) {
              const page = await ordered.page({ size, number })
              expect([page.total, page.pages]).to.deep.equal([4, Math.ceil(4 / size)])
              if (page.rows.length === 0) break
              pages.push(...page.rows.map(({ id }) => id))
            }
            const after: number[] = []
            let rows = await ordered.thenBy('id').take(size).toList()
            rows = (await ordered.page({ size, number: 1 })).rows
            while (rows.length > 0) {
              after.push(...rows.map(({ id }) => id))
              rows = await ordered.after(rows.at(-1)).take(size).toList()
            }
            expect(after).to.deep.equal(pages)
            expect(pages.toSorted((a, b) => a - b)).to.deep.equal([1, 2, 3, 4])
          },
        ),
        { numRuns: 12 },
      )
      const some = db.orders.asNoTracking().orderByDescending('id').skip(1).take(2)
      const idsOf = async (number: number) =>
        (await some.page({ size: 1, number })).rows.map(({ id }) => id)
      expect([await idsOf(1), await idsOf(2), await idsOf(3)]).to.deep.equal([[3], [2], []])
      expect(await some.page({ size: 3, number: 1 })).to.include({ total: 2, pages: 1 })
      for (const bad of [
        { size: 0, number: 1 },
        { size: 1, number: 0 },
        { size: NaN, number: 1 },
        { size: 1, number: 1, from: 1 },
        7,
      ] as any[])
        expect(await failure(db.orders.orderBy('id').page(bad))).to.be.instanceOf(
          InvalidArgumentError,
        )
    })

    describe('U10: to change or delete rows without loading them', () => {
      it('in one statement, which moves versions on, and what was loaded is read anew', async () => {
        const bob = (await db.users.find(2))!
        unit.log.clear()
        const count = await db.users.where('id', '=', 2).executeUpdate({ email: 'b@example.org' })

        expect(count).to.equal(1)
        expect(unit.sent()).to.have.length(1)
        expect(await db.users.find(2)).to.equal(bob)
        expect(bob).to.include({ email: 'b@example.org', version: 2 })
        await db.users.where('id', '=', 2).executeUpdate(eb => ({ email: eb.val(null) }))
        expect((await db.users.find(2))!.email).to.equal(null)
        const own = db.orders.where('id', '=', 4)
        await own.executeUpdate({ amount: '7.00', createdAt: at(9) })
        expect(await db.orders.find(4))
          .to.include({ amount: '7.00' })
          .and.deep.include({ createdAt: at(9) })
        await own.executeUpdate({ amount: '0.01', createdAt: at(2) })
        await own.executeUpdate(eb => ({ userId: eb('userId', '+', 0) }))
      })

      it('U6: within the filter of the set', async () => {
        const id = '0b0e8c1c-7d1c-4b8e-9d5a-1d2f3a4b5c6d'
        db.notes.add({ id, body: 'x', meta: null })
        await db.saveChanges()
        db.hidden = 'x'

        expect(await db.shownNotes.executeUpdate({ stars: 5 })).to.equal(0)
        expect(await db.shownNotes.executeDelete()).to.equal(0)
        expect(
          await db.shownNotes.ignoreFilters().executeUpdate({ meta: { tags: ['t'] } }),
        ).to.equal(1)
        expect((await db.notes.find(id))!.meta).to.deep.equal({ tags: ['t'] })
        expect(await db.notes.where('id', '=', id).executeDelete()).to.equal(1)
        expect(await db.notes.count()).to.equal(0)
      })

      it('but no parts of an order, no joins, no keys, and not nothing', async () => {
        const refused = [
          db.users.orderBy('id').executeDelete(),
          db.users.take(1).executeUpdate({ name: 'x' }),
          db.users.build(query => query.where('id', '=', 1)).executeDelete(),
          db.users.executeUpdate({}),
          db.users.executeUpdate(undefined as never),
          db.users.executeUpdate({ id: 1 }),
          db.users.executeUpdate({ version: 1 }),
          db.users.executeUpdate({ name: undefined as never }),
          db.orders.executeUpdate({ amount: '1.005' }),
          db.notes.executeUpdate({ nobody: 1 } as never),
        ]
        unit.log.clear()
        for (const promise of refused)
          expect(await failure(promise)).to.be.instanceOf(InvalidArgumentError)
        expect(unit.sent()).to.deep.equal([])
      })
    })
  })
}
