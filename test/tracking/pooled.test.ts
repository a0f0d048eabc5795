import { expect } from 'chai'
import { createContainer, DbContext } from 'mayfly'
import { sqlite } from 'mayfly/sqlite'
import { collectGarbage } from '../support/garbage.js'

class PooledContext extends DbContext<{ users: { id: number; name: string } }> {
  readonly users = this.set('users', { key: 'id' })
}

describe('the tracker of a pooled context', () => {
  it('P3: nothing of the objects of one lease can be reached from the next one', async () => {
    await using container = createContainer().addDbContextPool('db', PooledContext, {
      dialect: sqlite(':memory:', { maxConnections: 1 }),
      poolSize: 1,
    })
    const seen = await (async () => {
      await using scope = container.createScope()
      const { db } = scope.cradle
      await db.kysely.schema
        .createTable('users')
        .addColumn('id', 'integer', c => c.primaryKey())
        .addColumn('name', 'text')
        .execute()
      const added = db.users.add({ id: 1, name: 'Ada' })
      await db.saveChanges()
      await db.transaction(async () => {
        added.name = 'Grace'
        await db.saveChanges()
      })
      return new WeakRef(added)
    })()
    await using next = container.createScope()

    expect(next.cradle.db.changeTracker.entries()).to.deep.equal([])
    expect(await next.cradle.db.users.find(1)).to.deep.equal({ id: 1, name: 'Grace' })
    await collectGarbage()
    expect(seen.deref()).to.equal(undefined)
  })
})
