import { expect } from 'chai'
import {
  ConcurrentOperationError,
  createContainer,
  DbContext,
  InvalidArgumentError,
  RegistrationError,
  type Interceptor,
} from 'mayfly'
import { sqlite } from 'mayfly/sqlite'
import { databases } from '../support/databases.js'
import { failure } from '../support/deferred.js'
import { openUnit, UnitContext, type Unit } from '../tracking/unit.js'

const names = (changes: readonly { readonly entity: { name: string }; readonly state: string }[]) =>
  changes.map(({ entity, state }) => `${state} ${entity.name}`)

/** Writes down what it is told. */
function recording(told: string[], label = ''): Interceptor<UnitContext> {
  return {
    saving: ({ entries }) => {
      told.push(`${label}saving ${entries.map(({ entity }) => entity.name).join()}`)
    },
    saved: async ({ changes }) => {
      await Promise.resolve()
      told.push(`${label}saved ${names(changes).join()}`)
    },
    saveFailed: ({ error }) => {
      told.push(`${label}failed ${(error as { code?: string }).code ?? (error as Error).message}`)
    },
    committed: ({ changes }) => {
      told.push(`${label}committed ${names(changes).join()}`)
    },
    rolledBack: async ({ changes }) => {
      await Promise.resolve()
      told.push(`${label}rolledBack ${names(changes).join()}`)
    },
  }
}

for (const kind of databases) {
  describe(`interceptors (${kind.name})`, () => {
    let unit: Unit
    let db: UnitContext
    let told: string[]
    const warnings: string[] = []
    const logger = {
      debug() {},
      warn: (message: string) => warnings.push(message),
      error() {},
    }

    before(async () => {
      unit = await openUnit(kind)
    })
    beforeEach(() => {
      told = []
      warnings.length = 0
      db = unit.another({ interceptors: [recording(told, '1 '), recording(told, '2 ')], logger })
    })
    afterEach(async () => {
      await unit.db.users.executeDelete()
    })
    after(() => unit.close())

    it('U8: are told in their order, in pairs, and of what is stored for good', async () => {
      db.users.add({ name: 'a', email: null })
      await db.saveChanges()

      expect(told).to.deep.equal([
        '1 saving a',
        '2 saving a',
        '1 saved added a',
        '2 saved added a',
        '1 committed added a',
        '2 committed added a',
      ])
      told.length = 0
      expect(await db.saveChanges()).to.equal(0)
      expect(told).to.deep.equal(['1 saving ', '2 saving ', '1 saved ', '2 saved '])
    })

    it('U8: what saving adds, changes and removes is part of the save, and of what the next one sees', async () => {
      const gone = db.users.add({ name: 'gone', email: null })
      await db.saveChanges()
      told.length = 0
      db.intercept({
        async saving({ context, entries }) {
          expect(await context.users.where('name', '=', 'gone').count()).to.equal(1)
          for (const { state, entity } of entries) if (state === 'added') entity.email = 'set'
          context.users.remove(gone)
          context.users.add({ name: 'more', email: null })
        },
      })
      db.intercept(recording(told, '3 '))
      db.users.add({ name: 'b', email: null })
      unit.log.clear()
      expect(await db.saveChanges()).to.equal(3)

      const [saving, saved, committed] = told.filter(line => line.startsWith('3'))
      expect(saving).to.equal('3 saving gone,b,more')
      expect(saved!.slice(8).split(',').toSorted()).to.deep.equal([
        'added b',
        'added more',
        'deleted gone',
      ])
      expect(committed!.slice(12)).to.equal(saved!.slice(8))
      const rows = await unit.db.users.asNoTracking().orderBy('name').toList()
      expect(rows.map(({ name, email }) => [name, email])).to.deep.equal([
        ['b', 'set'],
        ['more', null],
      ])
    })

    it('U8: saving can refuse a save: nothing is sent, and those that had let it begin are told', async () => {
      db.intercept({
        saving() {
          throw new Error('not today')
        },
      })
      db.intercept(recording(told, '4 '))
      db.users.add({ name: 'c', email: null })
      unit.log.clear()

      expect((await failure(db.saveChanges())).message).to.equal('not today')
      expect(unit.sent()).to.deep.equal([])
      expect(told).to.deep.equal([
        '1 saving c',
        '2 saving c',
        '1 failed not today',
        '2 failed not today',
      ])
      expect(db.changeTracker.hasChanges()).to.equal(true)
    })

    it('U8: a save that fails is told as that, and can be done again', async () => {
      await unit.db.kysely.insertInto('users').values({ name: 'taken', email: null }).execute()
      const user = db.users.add({ name: 'taken', email: null })
      expect(await failure(db.saveChanges())).to.include({ kind: 'unique' })
      expect(told.slice(2)).to.deep.equal(['1 failed MAYFLY_DATABASE', '2 failed MAYFLY_DATABASE'])
      user.name = 'free'
      told.length = 0
      await db.saveChanges()
      expect(told.at(-1)).to.equal('2 committed added free')
    })

    it('U8, U11: committed and rolledBack come once, when the outermost transaction has ended', async () => {
      const first = recording(told)
      const one = unit.another({ interceptors: [first], logger })
      await one.transaction(async () => {
        const user = one.users.add({ name: 'd', email: null })
        await one.saveChanges()
        user.email = 'x'
        await one.saveChanges()
        await failure(
          one.transaction(async () => {
            one.users.add({ name: 'undone', email: null })
            await one.saveChanges()
            throw new Error('no')
          }),
        )
        expect(told.filter(line => /committed|rolledBack/.test(line))).to.deep.equal([])
        one.changeTracker.clear()
      })
      expect(told.filter(line => /committed|rolledBack/.test(line))).to.deep.equal([
        'rolledBack added undone',
        'committed added d,modified d',
      ])

      told.length = 0
      await using tx = await one.beginTransaction()
      one.users.add({ name: 'e', email: null })
      await one.saveChanges()
      await tx.rollback()
      expect(told.at(-1)).to.equal('rolledBack added e')
      one.changeTracker.clear()
      const another = await one.beginTransaction()
      one.users.add({ name: 'f', email: null })
      await one.saveChanges()
      await another.commit()
      expect(told.at(-1)).to.equal('committed added f')
      told.length = 0
      await failure(
        one.kysely.transaction().execute(async () => {
          one.users.add({ name: 'g', email: null })
          await one.saveChanges()
          throw new Error('no')
        }),
      )
      expect(told.at(-1)).to.equal('rolledBack added g')
    })

    it('U8: the end of a context in a transaction is told as well', async () => {
      const one = unit.another({ interceptors: [recording(told)], logger })
      await one.beginTransaction()
      one.users.add({ name: 'h', email: null })
      await one.saveChanges()
      await one.dispose()
      while (told.length < 3) await new Promise(setImmediate)

      expect(told).to.deep.equal(['saving h', 'saved added h', 'rolledBack added h'])
    })

    it('U8: what they throw after the save changes nothing, and is a warning', async () => {
      db.intercept({
        saved: () => Promise.reject(new Error('saved failed')),
        committed() {
          throw new Error('committed failed')
        },
      })
      db.users.add({ name: 'i', email: null })
      expect(await db.saveChanges()).to.equal(1)
      expect(warnings).to.deep.equal(['Error: saved failed', 'Error: committed failed'])
      expect(told.at(-1)).to.equal('2 committed added i')
    })

    it('C2: of two saves at once nothing is prepared for the one that is refused', async () => {
      let prepared = 0
      const interceptor: Interceptor<UnitContext> = {
        async saving({ context }) {
          prepared++
          await Promise.resolve()
          context.users.add({ name: `audit ${prepared}`, email: null })
        },
      }
      const own = unit.another({ interceptors: [interceptor] })
      own.users.add({ name: 'both', email: null })
      const [first, second] = await Promise.allSettled([own.saveChanges(), own.saveChanges()])
      expect(first).to.deep.equal({ status: 'fulfilled', value: 2 })
      expect((second as PromiseRejectedResult).reason).to.be.instanceOf(ConcurrentOperationError)
      const query = own.users.toList()
      expect(await failure(own.saveChanges())).to.be.instanceOf(ConcurrentOperationError)
      await query
      expect([prepared, own.changeTracker.hasChanges()]).to.deep.equal([1, false])

      const lost = await failure(
        own.transaction(async () => {
          const one = own.saveChanges()
          await failure(own.saveChanges())
          await one
        }),
      )
      expect(lost).to.be.instanceOf(ConcurrentOperationError)

      const queued = unit.another({ interceptors: [interceptor], concurrency: 'queue' })
      prepared = 10
      expect(await Promise.all([queued.saveChanges(), queued.saveChanges()])).to.deep.equal([1, 1])
      expect(prepared).to.equal(12)
    })

    it('C2: a save inside of saving is refused, in whatever context of another flow it may go', async () => {
      let inner: unknown
      db.intercept({
        async saving({ context }) {
          inner = await failure(context.saveChanges())
          await unit.db.saveChanges()
        },
      })
      db.users.add({ name: 'j', email: null })
      expect(await db.saveChanges()).to.equal(1)
      expect(inner).to.include({ code: 'MAYFLY_CONCURRENT_OPERATION' })
      expect((inner as Error).message).to.include('leave the call out')
    })

    it('mark rows in place of deleting them, also those that were never loaded', async () => {
      const soft: Interceptor<UnitContext> = {
        saving({ entries }) {
          for (const entry of entries) {
            if (entry.state !== 'deleted' || entry.table !== 'users') continue
            entry.keep()
            entry.entity.email = 'deleted'
          }
        },
      }
      const one = unit.another({ interceptors: [soft] })
      const [a, b] = one.users.addRange([
        { name: 'k', email: null },
        { name: 'l', email: null },
      ])
      await one.saveChanges()
      one.users.remove(a!)
      expect(await one.saveChanges()).to.equal(1)
      one.changeTracker.clear()
      one.users.remove({ id: b!.id })
      expect(await one.saveChanges()).to.equal(1)
      const rows = await unit.db.users.asNoTracking().orderBy('name').toList()
      expect(rows.map(({ name, email }) => [name, email])).to.deep.equal([
        ['k', 'deleted'],
        ['l', 'deleted'],
      ])
      expect(() => one.entry({}).keep()).to.throw(InvalidArgumentError)
    })
  })
}

describe('interceptors of registrations', () => {
  const [kind] = databases as [(typeof databases)[number]]

  it('P3: those of one lease are not those of the next', async () => {
    const unit = await openUnit(kind)
    const told: string[] = []
    const always: string[] = []
    const { dialect } = unit
    await using container = createContainer().addDbContextPool('db', UnitContext, {
      dialect,
      interceptors: [recording(always)],
    })
    {
      await using scope = container.createScope()
      scope.cradle.db.intercept(recording(told))
      scope.cradle.db.users.add({ name: 'a', email: null })
      await scope.cradle.db.saveChanges()
    }
    expect(told).to.have.length(3)
    await using scope = container.createScope()
    scope.cradle.db.users.add({ name: 'b', email: null })
    await scope.cradle.db.saveChanges()
    expect(told).to.have.length(3)
    expect(always).to.have.length(6)
    await unit.close()
  })

  it('what is none is refused', () => {
    const dialect = sqlite(':memory:')
    for (const wrong of [7, {}, { saving: 7 }, null, { saved: () => {}, committed: 'x' }])
      expect(() => new DbContext({ dialect, interceptors: [wrong] as never })).to.throw(
        RegistrationError,
        'a list of objects with some of saving',
      )
    const db = new DbContext({ dialect })
    expect(() => db.intercept({})).to.throw(InvalidArgumentError, 'each a function')
    return db.dispose()
  })
})
