import { inspect } from 'node:util'
import { expect } from 'chai'
import { ContextDisposedError, createContainer, DbContext } from 'mayfly'
import { deferred, failure } from '../support/deferred.js'
import { FaultDatabase } from '../support/fault-dialect.js'

class RowsContext extends DbContext<{ rows: { key: number } }> {
  readonly rows = this.set('rows', { key: 'key' })
}

/** Members that work after the end. */
const ALIVE: readonly PropertyKey[] = [
  'constructor',
  'id',
  'dispose',
  Symbol.asyncDispose,
  inspect.custom,
]

/** Every public member of an object's class and its bases. */
function membersOf(object: object): PropertyKey[] {
  const members = new Set<PropertyKey>()
  for (
    let type = Object.getPrototypeOf(object) as object;
    type !== Object.prototype;
    type = Object.getPrototypeOf(type) as object
  ) {
    for (const name of Reflect.ownKeys(type)) members.add(name)
  }
  return [...members]
}

/** Uses a member the way a caller would; an asynchronous one gives its rejection. */
async function use(object: any, member: PropertyKey): Promise<unknown> {
  const value: unknown = object[member]
  const result: unknown = typeof value === 'function' ? value.call(object, 1, 2) : value
  const pending = (result as AsyncIterator<unknown> | undefined)?.next
    ? (result as AsyncIterator<unknown>).next()
    : result
  return await pending
}

describe('after the end of its lease', () => {
  it('C5: every public member of a context, a set and a query fails with ContextDisposedError', async () => {
    const db = new RowsContext({ dialect: new FaultDatabase().dialect })
    const { rows } = db
    const query = rows.where('key', '=', 1)
    const { changeTracker } = db
    const entry = db.entry(rows.add({ key: 1 }))
    await db.dispose()

    const checked: string[] = []
    for (const object of [db, rows, query, changeTracker, entry]) {
      for (const member of membersOf(object)) {
        if (ALIVE.includes(member)) continue
        expect(await failure(use(object, member)), String(member)).to.be.instanceOf(
          ContextDisposedError,
        )
        checked.push(String(member))
      }
    }
    expect(checked).to.include.members([
      'kysely',
      'set',
      'transaction',
      'find',
      'toList',
      'where',
      'Symbol(Symbol.asyncIterator)',
      'saveChanges',
      'addRange',
      'clear',
      'reload',
      'state',
    ])
  })

  it('C5: asynchronous members reject and never throw', async () => {
    const db = new RowsContext({ dialect: new FaultDatabase().dialect })
    await db.dispose()

    for (const start of [
      () => db.transaction(async () => {}),
      () => db.beginTransaction(),
      () => db.openConnection(),
      () => db.rows.toList(),
      () => db.rows.find(1),
      () => db.rows.count(),
    ]) {
      let promise: Promise<unknown> | undefined
      expect(() => (promise = start())).not.to.throw()
      await failure(promise!)
    }
  })

  it('C5: what works after the end: id, dispose and inspection', async () => {
    const db = new RowsContext({ dialect: new FaultDatabase().dialect })
    const { id } = db
    await db.dispose()
    await db.dispose()

    expect(db.id).to.equal(id)
    expect(inspect(db)).to.equal(`${id} (disposed by its owner)`)
  })

  it('C5, C6: the reason is named, and a user cannot dispose what a scope owns', async () => {
    await using container = createContainer().addDbContext('db', RowsContext, {
      dialect: new FaultDatabase().dialect,
    })
    const scope = container.createScope()
    const { db } = scope.cradle

    await db.dispose()
    expect(await db.rows.toList()).to.deep.equal([])
    await scope.dispose()

    const error = await failure(db.rows.toList())
    expect(error.message).to.match(
      /^RowsContext#\d+ was used after its end: it was ended with a scope\. Keep a context/,
    )
  })

  it('C7: an open transaction handle and an open connection are harmless after the end', async () => {
    const database = new FaultDatabase()
    const db = new RowsContext({ dialect: database.dialect })
    const connection = await db.openConnection()
    const tx = await db.beginTransaction()
    await db.dispose()

    expect((await failure(tx.commit())).code).to.equal('MAYFLY_CONTEXT_DISPOSED')
    await tx[Symbol.asyncDispose]()
    await connection.close()
    expect(database.violations).to.deep.equal([])
    expect(database.log).to.deep.equal(['1: connect', '1: begin', '1: rollback', '1: release'])
  })

  it('C7: a commit that is on its way when the context ends is rolled back, or was done', async () => {
    const database = new FaultDatabase()
    const db = new RowsContext({ dialect: database.dialect })
    const slow = deferred()
    database.script = ({ sql }) => (sql?.startsWith('insert') ? slow.promise : undefined)
    const running = failure(
      db.transaction(async () => {
        void db.kysely.insertInto('rows').values({ key: 1 }).execute()
      }),
    )
    while (!database.log.some(line => line.includes('insert'))) await new Promise(setImmediate)
    const disposed = db.dispose()
    slow.resolve()
    await disposed

    expect(await running).to.be.instanceOf(ContextDisposedError)
    expect([...database.rows]).to.deep.equal([])
    expect(database.violations).to.deep.equal([])
  })
})
