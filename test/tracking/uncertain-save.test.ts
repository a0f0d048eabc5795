import { expect } from 'chai'
import { CommitUncertainError, DbContext } from 'mayfly'
import { mysql } from 'mayfly/mysql2'
import { postgres } from 'mayfly/postgres'
import { databases } from '../support/databases.js'
import { failure } from '../support/deferred.js'
import { FaultDatabase } from '../support/fault-dialect.js'
import { LosingProxy } from '../support/losing-proxy.js'
import { openUnit, UnitContext, type Unit } from './unit.js'

const NOTE = '0b0e8c1c-7d1c-4b8e-9d5a-1d2f3a4b5c6d'

class KeyContext extends DbContext<{ rows: { key: number } }> {
  readonly rows = this.set('rows', { key: 'key' })
}

describe('a save whose answer is lost', () => {
  it('U11: of a statement without a transaction is uncertain from the moment it was sent', async () => {
    const database = new FaultDatabase()
    await using db = new KeyContext({ dialect: database.dialect })
    database.script = ({ sql }) => (sql?.startsWith('insert') ? 'lose after' : undefined)
    const row = db.rows.add({ key: 1 })

    const told: string[] = []
    const tell = (name: string) => () => void told.push(name)
    db.intercept({
      saved: tell('saved'),
      saveFailed: tell('saveFailed'),
      committed: tell('committed'),
      rolledBack: tell('rolledBack'),
    })
    const error = await failure(db.saveChanges())
    expect(told).to.deep.equal(['saveFailed'])
    expect(error).to.be.instanceOf(CommitUncertainError)
    expect(error.message).to.include('The answer to a save of KeyContext#')
    expect(db.changeTracker.debugView()).to.include('not known whether it is stored')
    expect(await failure(db.saveChanges())).to.be.instanceOf(CommitUncertainError)
    expect(database.log.filter(line => line.includes('insert'))).to.have.length(1)
    db.changeTracker.clear()
    expect(await db.saveChanges()).to.equal(0)
    expect(db.entry(row).state).to.equal('detached')
  })

  it('U8: a transaction that nobody knows the outcome of is told as neither committed nor rolled back', async () => {
    const database = new FaultDatabase()
    await using db = new KeyContext({ dialect: database.dialect })
    const told: string[] = []
    db.intercept({
      saved: () => void told.push('saved'),
      committed: () => void told.push('committed'),
      rolledBack: () => void told.push('rolledBack'),
    })
    database.script = ({ kind }) => (kind === 'commit' ? 'lose after' : undefined)
    db.rows.remove({ key: 1 })
    const error = await failure(db.transaction(() => db.saveChanges()))
    await new Promise(setImmediate)

    expect(error).to.be.instanceOf(CommitUncertainError)
    expect(told).to.deep.equal(['saved'])
  })

  it('U11: is certain where nothing was sent', async () => {
    const database = new FaultDatabase()
    await using db = new KeyContext({ dialect: database.dialect })
    database.script = ({ kind }) => (kind === 'connect' ? 'fail' : undefined)
    db.rows.add({ key: 1 })

    expect(await failure(db.saveChanges())).to.not.be.instanceOf(CommitUncertainError)
    database.script = () => undefined
    expect(database.log.filter(line => line.includes('insert'))).to.have.length(0)
  })
})

for (const kind of databases.filter(({ family }) => family !== 'sqlite')) {
  describe(`a save whose answer is lost (${kind.name})`, () => {
    let unit: Unit
    let proxy: LosingProxy
    let db: UnitContext
    beforeEach(async () => {
      unit = await openUnit(kind)
      proxy = await LosingProxy.before(unit.url)
      const through = kind.family === 'mysql' ? mysql : postgres
      db = new UnitContext({ dialect: through(proxy.url, { prepare: 'never' }) })
    })
    afterEach(async () => {
      await db.dispose()
      await proxy.close()
      await unit.close()
    })

    it('U11: is refused a second time until reload has looked, and doubles nothing', async () => {
      await db.users.count()
      const note = db.notes.add({ id: NOTE, body: 'x', meta: null })
      db.users.add({ name: 'Ada', email: null })
      proxy.loseAnswerTo('commit')
      const error = await failure(db.saveChanges())

      expect(error).to.be.instanceOf(CommitUncertainError)
      expect(await failure(db.saveChanges())).to.be.instanceOf(CommitUncertainError)
      await db.entry(note).reload()
      const isStored = (await unit.db.users.asNoTracking().count()) === 1
      expect(db.entry(note).state).to.equal(isStored ? 'unchanged' : 'added')
      expect(await failure(db.saveChanges())).to.be.instanceOf(CommitUncertainError)
      db.changeTracker.clear()
      expect(await db.saveChanges()).to.equal(0)
      expect(await unit.db.users.asNoTracking().count()).to.be.at.most(1)
    })

    it('U11: of one statement, likewise', async () => {
      const ada = unit.db.users.add({ name: 'Ada', email: null })
      await unit.db.saveChanges()
      const own = (await db.users.find(ada.id))!
      own.name = 'Grace'
      proxy.loseAnswerTo('update')
      const error = await failure(db.saveChanges())

      expect(error).to.be.instanceOf(CommitUncertainError)
      expect(await failure(db.saveChanges())).to.be.instanceOf(CommitUncertainError)
      await db.entry(own).reload()
      expect(own.version).to.equal(own.name === 'Grace' ? 2 : 1)
      own.email = 'x'
      expect(await db.saveChanges()).to.equal(1)
    })

    it('U11: inside a transaction that is lost before its commit is certain, and can be saved again', async () => {
      const row = db.users.add({ name: 'Ada', email: null })
      const error = await failure(
        db.transaction(async () => {
          proxy.loseAnswerTo('insert')
          await db.saveChanges()
        }),
      )

      expect(error).to.not.be.instanceOf(CommitUncertainError)
      expect(db.entry(row).state).to.equal('added')
      expect(await db.saveChanges()).to.equal(1)
      expect(await unit.db.users.asNoTracking().count()).to.equal(1)
    })

    it('U11: by the commit of the transaction around it is uncertain, too', async () => {
      await db.users.count()
      const error = await failure(
        db.transaction(async () => {
          db.users.add({ name: 'Ada', email: null })
          await db.saveChanges()
          proxy.loseAnswerTo('commit')
        }),
      )

      expect(error).to.be.instanceOf(CommitUncertainError)
      expect(await failure(db.saveChanges())).to.be.instanceOf(CommitUncertainError)
    })
  })
}
