import { expect } from 'chai'
import { sql } from 'kysely'
import { DbContext } from 'mayfly'
import { sqlite } from 'mayfly/sqlite'
import { failure } from '../support/deferred.js'
import { collectGarbage } from '../support/garbage.js'

class NumbersContext extends DbContext<{ numbers: { id: number; value: number } }> {
  readonly numbers = this.set('numbers', { key: 'id' })
}

describe('what a tracker keeps', () => {
  let db: NumbersContext
  beforeEach(async () => {
    db = new NumbersContext({ dialect: sqlite(':memory:') })
    await sql`create table numbers (id integer primary key, value integer)`.execute(db.kysely)
    await db.kysely
      .insertInto('numbers')
      .values([1, 2, 3].map(id => ({ id, value: id })))
      .execute()
  })
  afterEach(() => db.dispose())

  const loaded = async () => new WeakRef((await db.numbers.toList())[0]!)

  it('U1: nothing of objects that were forgotten, although nobody asks for others', async () => {
    const seen = await loaded()
    db.changeTracker.clear()
    await collectGarbage()
    expect(seen.deref()).to.equal(undefined)
  })

  it('U11: nothing of objects that were loaded in a transaction that was rolled back', async () => {
    let seen: WeakRef<object> | undefined
    await failure(
      db.transaction(async () => {
        seen = await loaded()
        throw new Error('no')
      }),
    )
    await collectGarbage()
    expect(seen!.deref()).to.equal(undefined)
  })
})
