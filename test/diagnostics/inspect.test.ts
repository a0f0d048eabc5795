import { inspect } from 'node:util'
import { expect } from 'chai'
import { createContainer, DbContext, runInScope, type DbContextFactory } from 'mayfly'
import { FaultDatabase } from '../support/fault-dialect.js'

class RowsContext extends DbContext<{ rows: { key: number; secret: string } }> {
  readonly rows = this.set('rows', { key: 'key' })
}

interface Cradle {
  rows: RowsContext
  rowsFactory: DbContextFactory<RowsContext>
}

describe('inspect', () => {
  it('D2: each thing that a user holds is one readable line', async () => {
    const { dialect } = new FaultDatabase()
    const container = createContainer<Cradle>()
      .addDbContextPool('rows', RowsContext, { dialect })
      .addPooledDbContextFactory('rows')
    const scope = container.createScope()
    const { rows: db, rowsFactory: factory } = scope.cradle
    const number = /#\d+/g
    const line = (value: unknown) => inspect(value).replaceAll(number, '#1')

    expect(line(container)).to.equal('[AwilixContainer (registrations: 2)]')
    expect(line(scope)).to.equal('[AwilixContainer (scoped, registrations: 2)]')
    await runInScope(container, { name: 'nightly' }, job => {
      expect(line(job)).to.equal('[AwilixContainer (scope nightly, registrations: 2)]')
    })
    expect(line(db.kysely)).to.equal('Kysely of RowsContext#1')
    expect(line(factory)).to.equal('DbContextFactory(rows, 0 live, 0 idle in the pool)')
    expect(line(db)).to.equal('RowsContext#1 (idle)')
    expect(line(db.rows)).to.equal('DbSet(rows) of RowsContext#1')
    expect(line(db.rows.where('secret', '=', 'sesame'))).to.equal('Query(rows) of RowsContext#1')
    const transaction = await db.beginTransaction()
    expect(line(transaction)).to.equal('DbTransaction of RowsContext#1 (open)')
    expect(line(db)).to.equal('RowsContext#1 (idle in a transaction)')
    await transaction.commit()
    expect(line(transaction)).to.equal('DbTransaction of RowsContext#1 (was committed)')
    const connection = await db.openConnection()
    expect(line(connection)).to.equal('OpenConnection of RowsContext#1')
    await connection.close()
    expect(line(connection)).to.equal('OpenConnection (closed)')
    const taken = factory.createDbContext()
    expect(line(factory)).to.equal('DbContextFactory(rows, 1 live, 0 idle in the pool)')
    await taken.dispose()
    expect(line(factory)).to.equal('DbContextFactory(rows, 0 live, 1 idle in the pool)')
    await scope.dispose()
    expect(line(db)).to.equal('RowsContext#1 (ended with a scope)')
    expect(line(db.rows)).to.equal('DbSet(rows) of RowsContext#1')
    await container.dispose()
  })
})
