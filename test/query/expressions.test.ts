import { expect } from 'chai'
import { sql, type Generated } from 'kysely'
import { dateTime, DbContext, decimal, InvalidArgumentError } from 'mayfly'
import { databases, type EmptyDatabase } from '../support/databases.js'
import { failure } from '../support/deferred.js'

interface Till {
  bookings: { id: Generated<number>; amount: string; at: Date }
}

/** Columns that are stored as something else than they are. */
class TillContext extends DbContext<Till> {
  readonly bookings = this.set('bookings', {
    key: 'id',
    columns: {
      amount: decimal({ scale: 2, stored: 'integer' }),
      at: dateTime({ stored: 'ms' }),
    },
  })
}

const at = (day: number) => new Date(Date.UTC(2026, 0, day))

for (const kind of databases) {
  describe(`values in expressions (${kind.name})`, () => {
    let empty: EmptyDatabase
    let db: TillContext
    beforeEach(async () => {
      empty = await kind.create('expressions')
      db = new TillContext({ dialect: kind.dialect(empty.url) })
      const { quote: q } = kind
      await sql
        .raw(`create table bookings (id integer primary key, amount bigint, ${q}at${q} bigint)`)
        .execute(db.kysely)
      for (const id of [1, 2, 3]) db.bookings.add({ id, amount: `${id}.50`, at: at(id) })
      await db.saveChanges()
    })
    afterEach(async () => {
      await db.dispose()
      await empty.drop()
    })

    const amounts = async () =>
      (await db.bookings.asNoTracking().orderBy('id').toList()).map(({ amount }) => amount)
    const idsOf = async (query: { toList(): Promise<{ id: number }[]> }) =>
      (await query.toList()).map(({ id }) => id)

    it('U9: that executeUpdate writes travel as their column does', async () => {
      await db.bookings.executeUpdate(eb => ({ amount: eb('amount', '+', '1.00') }))
      expect(await amounts()).to.deep.equal(['2.50', '3.50', '4.50'])
      await db.bookings.where('id', '=', 1).executeUpdate(eb => ({
        amount: eb.fn.coalesce(eb.parens(eb('amount', '-', '0.25')), eb.val('0.00')),
        at: eb.val(at(9)),
      }))
      await db.bookings.where('id', '=', 2).executeUpdate({ amount: '0.01' })
      await db.bookings.where('id', '=', 3).executeUpdate(eb => ({
        amount: eb('amount', '*', sql<string>`2`),
        at: eb
          .case()
          .when('at', '>', at(2))
          .then(eb.val(at(8)))
          .else(eb.ref('at'))
          .end(),
      }))
      expect(await db.bookings.asNoTracking().orderBy('id').toList()).to.deep.equal([
        { id: 1, amount: '2.25', at: at(9) },
        { id: 2, amount: '0.01', at: at(2) },
        { id: 3, amount: '9.00', at: at(8) },
      ])
      const bad = db.bookings.executeUpdate(eb => ({ amount: eb('amount', '+', '1.005') }))
      expect(await failure(bad)).to.be.instanceOf(InvalidArgumentError)
    })

    it('U9: that a condition compares travel as their column does', async () => {
      const set = db.bookings.orderBy('id')
      expect(await idsOf(set.where('at', '=', eb => eb.val(at(2))))).to.deep.equal([2])
      expect(await idsOf(set.where('at', 'in', [at(1), at(3)]))).to.deep.equal([1, 3])
      expect(
        await idsOf(set.where(eb => eb(eb('amount', '+', '1.00'), '>', '3.00'))),
      ).to.deep.equal([2, 3])
      expect(
        await idsOf(set.where(eb => eb(eb.fn.coalesce('at', eb.val(at(1))), '>=', at(3)))),
      ).to.deep.equal([3])
      expect(
        await idsOf(
          set.where(eb =>
            eb(eb.refTuple('id', 'at'), 'in', [eb.tuple(1, at(1)), eb.tuple(2, at(3))]),
          ),
        ),
      ).to.deep.equal([1])
      expect(
        await idsOf(set.where(eb => eb(eb.refTuple('amount', 'at'), '=', eb.tuple('2.50', at(2))))),
      ).to.deep.equal([2])
      expect(
        await idsOf(set.where(eb => eb.between('at', at(2), at(3)).and('amount', '<', '3.00'))),
      ).to.deep.equal([2])
    })
  })
}
