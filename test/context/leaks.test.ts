import { expect } from 'chai'
import { createContainer, DbContext, type Logger } from 'mayfly'
import { collectGarbage } from '../support/garbage.js'
import { FaultDatabase } from '../support/fault-dialect.js'
import { turn } from '../support/deferred.js'

class RowsContext extends DbContext<{ rows: { key: number } }> {
  readonly rows = this.set('rows', { key: 'key' })
}

describe('a context that its maker forgot', () => {
  let database: FaultDatabase
  let warnings: string[]
  let logger: Logger

  beforeEach(() => {
    database = new FaultDatabase({ maxConnections: 1 })
    warnings = []
    logger = { debug() {}, warn: line => void warnings.push(line), error() {} }
  })
  const shop = () =>
    createContainer({ logger }).addDbContextFactory('db', RowsContext, {
      dialect: database.dialect,
    })

  it('C8: is reported when its scope ends, with class, age and line, and its connection is recovered', async () => {
    await using container = shop()
    const scope = container.createScope()
    const db = scope.cradle.dbFactory.createDbContext()
    await db.beginTransaction()
    await scope.dispose()

    expect(warnings).to.have.length(1)
    expect(warnings[0]).to.match(
      /^RowsContext#\d+, made at test\/context\/leaks\.test\.ts:\d+:\d+, [\d.]+ ms old, was never disposed and was ended with a scope\. Use factory\.use\(\)/,
    )
    expect(database.out).to.deep.equal([])
  })

  it('C8: is reported when the container is disposed', async () => {
    const container = shop()
    container.cradle.dbFactory.createDbContext()
    await container.dispose()

    expect(warnings).to.have.length(1)
    expect(warnings[0]).to.contain('was ended with the container')
  })

  it('C8: is reported when it is garbage collected, and its connection is recovered', async () => {
    await using container = shop()
    const forget = async () => {
      const db = container.cradle.dbFactory.createDbContext()
      await db.beginTransaction()
      expect(database.out).to.have.length(1)
    }
    await forget()
    for (let i = 0; warnings.length === 0 && i < 50; i++) {
      await collectGarbage()
      await turn()
    }
    while (database.out.length > 0) await turn()

    expect(warnings).to.have.length(1)
    expect(warnings[0]).to.contain('was garbage collected')
    expect(database.log.at(-1)).to.equal('1: release')
  })

  it('C8: one that has tracked something is reported as well', async () => {
    await using container = shop()
    const forget = () => {
      const db = container.cradle.dbFactory.createDbContext()
      db.intercept({ saved() {} })
      db.rows.attach({ key: 1 })
    }
    forget()
    for (let i = 0; warnings.length === 0 && i < 50; i++) {
      await collectGarbage()
      await turn()
    }

    expect(warnings).to.have.length(1)
  })

  it('C8: what is still held, by a set or a transaction too, is no leak', async () => {
    await using container = shop()
    const { rows } = container.cradle.dbFactory.createDbContext()
    for (let i = 0; i < 5; i++) {
      await collectGarbage()
      await turn()
    }

    expect(await rows.toList()).to.deep.equal([])
    expect(warnings).to.deep.equal([])
  })

  it('C8: what was disposed, or lives in use and parallel, is no leak', async () => {
    await using container = shop()
    const { dbFactory } = container.cradle
    await dbFactory.createDbContext().dispose()
    await dbFactory.use(db => db.rows.toList())
    await dbFactory.parallel([db => db.rows.toList()])
    await collectGarbage()
    await turn()

    expect(warnings).to.deep.equal([])
  })

  it('C8: one that was made by hand is reported as well', async () => {
    const make = () => {
      const db = new RowsContext({ dialect: database.dialect, logger })
      return db.id
    }
    const id = make()
    for (let i = 0; warnings.length === 0 && i < 50; i++) {
      await collectGarbage()
      await turn()
    }

    expect(warnings[0]).to.contain(`${id}, made at test/context/leaks.test.ts`)
  })
})
