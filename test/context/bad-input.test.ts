import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { expect } from 'chai'
import { createContainer, DbContext, runInScope, type MayflyDialect } from 'mayfly'
import { scopePerRequest } from 'mayfly/express'
import { mysql } from 'mayfly/mysql2'
import { sqlite } from 'mayfly/sqlite'
import { ShopContext } from '../support/databases.js'
import { failure } from '../support/deferred.js'
import { FaultDatabase } from '../support/fault-dialect.js'
import { mysqlSkipped, mysqlUrl } from '../support/mysql-run.js'

/** What a bad input gives at once. */
function refusal(give: () => unknown): any {
  try {
    give()
  } catch (error) {
    return error
  }
  throw new Error('This should have been refused.')
}

/** What the first query gives. */
async function firstQuery(dialect: MayflyDialect): Promise<any> {
  await using db = new ShopContext({ dialect })
  return await failure(db.users.toList())
}

function expectOneLine(error: any, code: string, ...texts: string[]): void {
  expect(error.code).to.equal(code)
  expect(error.message).not.to.contain('\n')
  for (const text of texts) expect(error.message).to.contain(text)
}

describe('bad input is a one-line error with what to do', () => {
  const { dialect } = new FaultDatabase()

  it('wrong URL, at once and without its password', () => {
    for (const url of [
      '',
      'localhost',
      'postgres://ada:hunter2@127.0.0.1/shop',
      'mysql://ada:hunter2@/shop',
      'mysql://ada:hunter2@127.0.0.1',
    ]) {
      const error = refusal(() => mysql(url))
      expectOneLine(error, 'MAYFLY_INVALID_ARGUMENT', 'mysql://')
      expect(error.message).not.to.contain('hunter2')
    }
  })

  it('refused connection', async () => {
    const error = await firstQuery(mysql('mysql://ada:hunter2@127.0.0.1:1/shop'))

    expectOneLine(
      error,
      'MAYFLY_DATABASE',
      'cannot be reached (is it running, and are host and port right?): 127.0.0.1:1',
      'ECONNREFUSED',
    )
    expect(error.kind).to.equal('connectionRefused')
    expect(error.message).not.to.contain('hunter2')
  })

  it('wrong password, unknown database', async function () {
    if (mysqlSkipped) this.skip()
    const { hostname, port } = new URL(await mysqlUrl())
    const denied = await firstQuery(mysql(`mysql://nobody:hunter2@${hostname}:${port}/mysql`))
    const unknownUrl = new URL(await mysqlUrl())
    unknownUrl.pathname = '/no_such_shop'
    const unknown = await firstQuery(mysql(unknownUrl.href))

    expectOneLine(denied, 'MAYFLY_DATABASE', 'refused the user or the password', 'nobody')
    expect(denied.kind).to.equal('accessDenied')
    expect(denied.message).not.to.contain('hunter2')
    expectOneLine(unknown, 'MAYFLY_DATABASE', 'The database does not exist', 'no_such_shop')
    expect(unknown.kind).to.equal('unknownDatabase')
  })

  it('a SQLite file that cannot be opened', async () => {
    const error = await firstQuery(sqlite(join(tmpdir(), 'mayfly no such folder', 'shop.db')))

    expectOneLine(error, 'MAYFLY_DATABASE', 'cannot be opened', 'no such folder')
    expect(error.kind).to.equal('unknownDatabase')
  })

  it('missing dialect, by registration and by hand', () => {
    const hint = "{ dialect: sqlite(file) } from 'mayfly/sqlite'"
    expectOneLine(
      refusal(() => createContainer().addDbContext('shop', ShopContext, {} as never)),
      'MAYFLY_REGISTRATION',
      hint,
    )
    expectOneLine(
      refusal(() => new ShopContext({} as never)),
      'MAYFLY_REGISTRATION',
      'ShopContext has no dialect',
      hint,
    )
    expectOneLine(
      refusal(() => new ShopContext(undefined as never)),
      'MAYFLY_REGISTRATION',
      'super(options)',
    )
  })

  it('a class that is no context', () => {
    class Notebook {}
    for (const value of [Notebook, () => 1, 'ShopContext', {}]) {
      expectOneLine(
        refusal(() => createContainer().addDbContext('shop', value as never, { dialect })),
        'MAYFLY_REGISTRATION',
        "addDbContext('shop')",
      )
    }
    expect(
      refusal(() => createContainer().addDbContext('shop', Notebook as never, { dialect })).message,
    ).to.contain('Notebook is no context. Pass a class that extends DbContext.')
  })

  it('one name twice', () => {
    const container = createContainer().addDbContext('shop', ShopContext, { dialect })

    expectOneLine(
      refusal(() => container.addDbContext('shop', ShopContext, { dialect })),
      'MAYFLY_REGISTRATION',
      '"shop" is registered already',
    )
  })

  it('times that no timer can count', () => {
    const tooLong = 2 ** 31
    const gate = { acquireTimeout: tooLong }
    for (const options of [{ gate }, { commandTimeout: tooLong }, { disposeTimeout: tooLong }]) {
      expectOneLine(
        refusal(() => createContainer().addDbContext('shop', ShopContext, { dialect, ...options })),
        'MAYFLY_REGISTRATION',
        'must be at most 2147483647 ms (24 days): no timer is longer.',
      )
    }
    expectOneLine(
      refusal(() => createContainer({ gracePeriod: tooLong })),
      'MAYFLY_REGISTRATION',
      'gracePeriod must be at most 2147483647 ms',
    )
  })

  it('negative limits', () => {
    for (const gate of [
      { maxConnections: -1 },
      { acquireTimeout: -1 },
      { maxConnections: Number.NaN },
    ]) {
      expectOneLine(
        refusal(() => createContainer().addDbContext('shop', ShopContext, { dialect, gate })),
        'MAYFLY_REGISTRATION',
        '1 or more',
      )
    }
    expectOneLine(
      refusal(() =>
        createContainer().addDbContext('shop', ShopContext, { dialect, disposeTimeout: 0 }),
      ),
      'MAYFLY_REGISTRATION',
      'disposeTimeout must be a whole number of ms',
    )
    expectOneLine(
      refusal(() => sqlite(':memory:', { maxConnections: -1 })),
      'MAYFLY_INVALID_ARGUMENT',
      'maxConnections',
    )
  })

  it('an option that nobody knows, with the one that was probably meant', async () => {
    const container = createContainer()
    const add = (options: object) => () =>
      container.addDbContext('shop', ShopContext, { dialect, ...options })
    for (const [refused, ...texts] of [
      [add({ lifeTime: 'transient' }), "addDbContext('shop')", '"lifeTime"', 'lifetime?'],
      [add({ commandTimeOut: 5 }), '"commandTimeOut". Did you mean commandTimeout?'],
      [add({ schema: 'x' }), 'It takes dialect, concurrency, commandTimeout'],
      [add({ gate: { maxConnection: 5 } }), 'gate has no option', 'maxConnections?'],
      [add({ gate: 5 }), 'The options of gate must be an object'],
      [() => new ShopContext({ dialect, loger: console } as never), 'ShopContext', 'logger?'],
      [
        () => container.addDbContextPool('pool', ShopContext, { dialect, poolsize: 5 } as never),
        'poolSize?',
      ],
      [() => createContainer({ validateScope: true } as never), 'validateScopes?'],
      [() => createContainer({ injectionmode: 'CLASSIC' } as never), 'injectionMode?'],
      [() => scopePerRequest(container, { abondonAfter: 5 } as never), 'abandonAfter?'],
      [() => scopePerRequest(container, { onError: 'log' } as never), 'onError must be a function'],
    ] as const) {
      expectOneLine(refusal(refused), 'MAYFLY_REGISTRATION', ...texts)
    }
    expectOneLine(
      refusal(() => sqlite(':memory:', { readonly: true } as never)),
      'MAYFLY_INVALID_ARGUMENT',
      'sqlite() has no option "readonly". Did you mean readOnly?',
    )
    const job = runInScope(container, { nmae: 'report' } as never, () => 1)
    expectOneLine(await failure(job), 'MAYFLY_INVALID_ARGUMENT', 'runInScope()', 'name?')
    createContainer({ injectionMode: 'CLASSIC', strict: true, validateScopes: true })
  })

  it('a context class that keeps its options to itself', () => {
    class Forgetful extends DbContext {
      constructor() {
        super(undefined as never)
      }
    }
    const container = createContainer().addDbContext('shop', Forgetful, { dialect })

    expectOneLine(
      refusal(() => container.createScope().cradle.shop),
      'MAYFLY_REGISTRATION',
      'Forgetful',
      'super(options)',
    )
  })
})
