import { expect } from 'chai'
import { createContainer, DbContext, type DbContextOptions } from 'mayfly'
import { failure, turn } from '../support/deferred.js'
import { FaultDatabase } from '../support/fault-dialect.js'
import { collectGarbage } from '../support/garbage.js'

class RowsContext extends DbContext<{ rows: { key: number } }> {
  readonly rows = this.set('rows', { key: 'key' })
}

type Use = (db: RowsContext) => Promise<void>

describe('a context class with an end of its own', () => {
  let database: FaultDatabase
  let seen: string[]

  beforeEach(() => {
    database = new FaultDatabase()
    seen = []
  })
  afterEach(() => {
    expect(database.violations).to.deep.equal([])
    expect(database.out).to.deep.equal([])
  })

  /** Everybody who ends a context, and who it is for. */
  const ends = (Context: new (options: DbContextOptions) => RowsContext) => {
    const container = createContainer()
      .addDbContext('db', Context, { dialect: database.dialect })
      .addDbContextFactory('db')
    const { dbFactory } = container.cradle
    return {
      scope: async (use: Use) => {
        await using scope = container.createScope()
        await use(scope.cradle.db)
      },
      container: async (use: Use) => {
        const owner = createContainer().addDbContext('db', Context, { dialect: database.dialect })
        await use(owner.createScope().cradle.db)
        await owner.dispose()
      },
      'scope of a transient one': async (use: Use) => {
        const owner = createContainer().addDbContext('db', Context, {
          dialect: database.dialect,
          lifetime: 'transient',
        })
        await using scope = owner.createScope()
        await use(scope.cradle.db)
      },
      use: (use: Use) => dbFactory.use(use),
      parallel: (use: Use) => dbFactory.parallel([use]),
      'the owner, by dispose': async (use: Use) => {
        const db = dbFactory.createDbContext()
        await use(db)
        await db.dispose()
      },
      'the owner, by await using': async (use: Use) => {
        await using db = dbFactory.createDbContext()
        await use(db)
      },
      'who made it by hand': async (use: Use) => {
        await using db = new Context({ dialect: database.dialect })
        await use(db)
      },
    }
  }

  class BySelf extends RowsContext {
    override async dispose() {
      seen.push(`dispose of ${await this.rows.count()}`)
    }
  }
  class WithSuper extends RowsContext {
    override async dispose() {
      seen.push(`dispose of ${await this.rows.count()}`)
      await super.dispose()
    }
  }
  class BySymbol extends RowsContext {
    override async [Symbol.asyncDispose]() {
      seen.push(`dispose of ${await this.rows.count()}`)
      await super[Symbol.asyncDispose]()
    }
  }
  class ByBoth extends RowsContext {
    override async dispose() {
      seen.push(`dispose of ${await this.rows.count()}`)
      await super.dispose()
    }
    override async [Symbol.asyncDispose]() {
      await this.dispose()
      await this.dispose()
    }
  }

  for (const Context of [BySelf, WithSuper, BySymbol, ByBoth]) {
    it(`C6: ${Context.name}: runs once and first, while the lease is good, whoever ends it`, async () => {
      for (const [who, end] of Object.entries(ends(Context))) {
        let ended: RowsContext | undefined
        await end(async db => {
          ended = db
        })
        await ended!.dispose()
        await ended![Symbol.asyncDispose]()

        expect(seen.splice(0), who).to.deep.equal(['dispose of 0'])
        expect((await failure(ended!.rows.toList())).code, who).to.equal('MAYFLY_CONTEXT_DISPOSED')
      }
    })
  }

  it('C6: two at once are one end, and both wait for it', async () => {
    const db = new WithSuper({ dialect: database.dialect })
    await Promise.all([db.dispose(), db[Symbol.asyncDispose](), db.dispose()])

    expect(seen).to.deep.equal(['dispose of 0'])
  })

  it('C6: what a scope owns, a user cannot dispose', async () => {
    await using container = createContainer().addDbContext('db', WithSuper, {
      dialect: database.dialect,
    })
    const scope = container.createScope()
    const { db } = scope.cradle
    await db.dispose()
    await db[Symbol.asyncDispose]()
    expect(seen).to.deep.equal([])
    expect(await db.rows.count()).to.equal(0)
    await scope.dispose()

    expect(seen).to.deep.equal(['dispose of 0'])
  })

  it('C6, S1: the lease ends whatever it does, and its error is that of a disposer', async () => {
    const broken = new Error('no printer')
    class Broken extends RowsContext {
      override async dispose() {
        await this.beginTransaction()
        throw broken
      }
    }
    for (const [who, end] of Object.entries(ends(Broken))) {
      let ended: RowsContext | undefined
      const error = await failure(
        end(async db => {
          ended = db
        }),
      )
      expect(error, who).to.equal(broken)
      expect((await failure(ended!.rows.toList())).code, who).to.equal('MAYFLY_CONTEXT_DISPOSED')
      expect(database.out, who).to.deep.equal([])
    }
  })

  it('F2: the error of work goes before that of the own end', async () => {
    const [first, second] = [new Error('work'), new Error('end')]
    class Broken extends RowsContext {
      override async dispose() {
        throw second
      }
    }
    const { use } = ends(Broken)
    const error = await failure(
      use(async () => {
        throw first
      }),
    )

    expect(error).to.equal(first)
    expect(error.suppressed).to.deep.equal([second])
  })

  it('S2: one that awaits the end of its own scope gets an error, no deadlock', async () => {
    let scope: { dispose(): Promise<void> }
    class Circular extends RowsContext {
      override async dispose() {
        await scope.dispose()
      }
    }
    const container = createContainer().addDbContext('db', Circular, { dialect: database.dialect })
    const { cradle } = (scope = container.createScope())
    cradle.db.id satisfies string

    expect((await failure(scope.dispose())).code).to.equal('MAYFLY_SCOPE_ENDED')
  })

  it('C8: a maker who forgot it is told, and at the end of the scope it runs if it can', async () => {
    const warnings: string[] = []
    const logger = { debug() {}, warn: (line: string) => void warnings.push(line), error() {} }
    await using container = createContainer({ logger }).addDbContextFactory('db', WithSuper, {
      dialect: database.dialect,
    })
    const scope = container.createScope()
    const kept = scope.cradle.dbFactory.createDbContext()
    await scope.dispose()
    expect([seen.splice(0), warnings.splice(0).length]).to.deep.equal([['dispose of 0'], 1])
    expect((await failure(kept.rows.toList())).code).to.equal('MAYFLY_CONTEXT_DISPOSED')

    container.cradle.dbFactory.createDbContext().id satisfies string
    for (let i = 0; warnings.length === 0 && i < 50; i++) {
      await collectGarbage()
      await turn()
    }
    expect(warnings[0]).to.contain('was garbage collected')
    expect(seen).to.deep.equal([])
  })
})
