import { expect } from 'chai'
import { dateTime, DbContext, decimal } from 'mayfly'
import { sqlite } from 'mayfly/sqlite'
import { setModelsOf } from '../../lib/query/set-models.js'
import { collectGarbage } from '../support/garbage.js'
import type { ShopDatabase } from '../support/databases.js'

describe('the model of a set', () => {
  const dialect = sqlite(':memory:')
  const model = (context: Function, table: string, options: { key: string; columns?: any }) =>
    setModelsOf(context).of(table, options)

  it('is made once for a class, however often it is declared', async () => {
    class Shop extends DbContext<ShopDatabase> {
      tenant = 'north'
      readonly orders = this.set('orders', {
        key: 'id',
        columns: { createdAt: dateTime(), amount: decimal({ scale: 2 }) },
        filter: query => query.where('amount', '=', this.tenant),
      })
    }
    await new Shop({ dialect }).dispose()
    const columns = { createdAt: dateTime(), amount: decimal({ scale: 2 }) }
    const first = model(Shop, 'orders', { key: 'id', columns })
    await new Shop({ dialect }).dispose()

    expect(model(Shop, 'orders', { key: 'id', columns: { ...columns } })).to.equal(first)
    expect(first.columns).to.deep.equal(columns)
    expect(first).not.to.have.property('filter')
  })

  it('is another one where the declaration is another, in either order', () => {
    class Shop {}
    const plain = model(Shop, 'orders', { key: 'id' })
    const ways = [
      { key: 'userId' },
      { key: 'id', columns: { amount: decimal({ scale: 2 }) } },
      { key: 'id', columns: { amount: decimal({ scale: 3 }) } },
    ]
    const models = ways.map(way => model(Shop, 'orders', way))

    expect(new Set([plain, ...models]).size).to.equal(4)
    expect(model(Shop, 'orders', { key: 'id' })).to.equal(plain)
    for (const [i, way] of ways.entries()) {
      expect(model(Shop, 'orders', way)).to.equal(models[i])
      expect(models[i]!.columns).to.deep.equal(way.columns ?? {})
    }
    expect(model(class Other {}, 'orders', { key: 'id' })).not.to.equal(plain)
    expect(model(Shop, 'users', { key: 'id' }).table).to.equal('users')
  })

  it('of a set that only some contexts have, and of an inherited one', async () => {
    class Base extends DbContext<ShopDatabase> {
      readonly users = this.set('users', { key: 'id' })
    }
    class Sometimes extends Base {
      readonly orders
      constructor(options: ConstructorParameters<typeof Base>[0], withOrders: boolean) {
        super(options)
        this.orders = withOrders ? this.set('orders', { key: 'id' }) : undefined
      }
    }
    for (const withOrders of [false, true, false, true]) {
      await using db = new Sometimes({ dialect }, withOrders)
      expect(db.orders === undefined).to.equal(!withOrders)
      expect(String((db.users as any).constructor.name)).to.equal('DbSet')
    }
  })

  it('keeps no context, also where columns of the own making see one', async () => {
    class Shop extends DbContext<ShopDatabase> {
      readonly declared = {
        fromDriver: (value: unknown) => (this.id === '' ? '' : String(value)),
        toDriver: (value: string) => value,
      }
      readonly users = this.set('users', {
        key: 'id',
        columns: { name: this.declared },
        filter: query => query.where('name', '=', this.id),
      })
    }
    const seen: WeakRef<object>[] = []
    const use = async () => {
      const db = new Shop({ dialect })
      seen.push(new WeakRef(db))
      await db.dispose()
    }
    for (let i = 0; i < 10; i++) await use()
    await collectGarbage()

    expect(seen.filter(ref => ref.deref())).to.have.length(0)
  })

  it('keeps no more than a few ways to declare a table', () => {
    class Shop {}
    const ways = Array.from({ length: 30 }, (_, scale) => ({
      key: 'id',
      columns: { amount: decimal({ scale }) },
    }))
    const models = ways.map(way => model(Shop, 'orders', way))

    expect(ways.filter((way, i) => model(Shop, 'orders', way) === models[i])).to.have.length(4)
    expect(model(Shop, 'orders', ways[29]!).columns).to.deep.equal(ways[29]!.columns)
  })
})
