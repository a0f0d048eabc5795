import { inspect } from 'node:util'
import { expect } from 'chai'
import { CompiledQuery, Kysely } from 'kysely'
import { DbContext, InvalidArgumentError } from 'mayfly'
import { mysql } from 'mayfly/mysql2'
import { connectTo, rejection, useDatabase, type Connected } from './fixture.js'

/** A context, whose errors are told. */
function contextOn(url: string): { context: Kysely<any>; dispose: () => Promise<void> } {
  const context = new DbContext({ dialect: mysql(url) })
  return { context: context.kysely, dispose: () => context.dispose() }
}

const SECRET = "s3cret' for key 'fake"

describe('mysql failures', () => {
  const fixture = useDatabase('fail')

  const schema = [
    'create table parent (id int primary key, mail varchar(50), n int not null, small tinyint, at datetime, price decimal(3, 1), doc json, unique key parent_mail (mail), constraint positive check (n > 0)) engine = innodb',
    'create table child (id int primary key, parent_id int, constraint child_parent foreign key (parent_id) references parent (id)) engine = innodb',
    `insert into parent (id, mail, n) values (1, '${SECRET.replaceAll("'", "''")}', 1)`,
    'insert into child values (1, 1)',
  ]

  const failures: [string, string, unknown[], unknown][] = [
    [
      'a unique key',
      'insert into parent (id, mail, n) values (2, ?, 1)',
      [SECRET],
      { kind: 'unique', detail: /^(parent\.)?parent_mail$/ },
    ],
    [
      'a primary key',
      'insert into parent (id, n) values (1, 1)',
      [],
      { kind: 'unique', detail: /^(parent\.)?PRIMARY$/ },
    ],
    [
      'a missing parent',
      'insert into child values (2, 99)',
      [],
      { kind: 'foreignKey', detail: /^child_parent$/ },
    ],
    [
      'a parent with children',
      'delete from parent where id = 1',
      [],
      { kind: 'foreignKey', detail: /^child_parent$/ },
    ],
    [
      'a parent to drop',
      'drop table parent',
      [],
      { kind: 'foreignKey', detail: /^child_parent$|^$/ },
    ],
    [
      'a parent to empty',
      'truncate table parent',
      [],
      { kind: 'foreignKey', detail: /^child_par/ },
    ],
    ['null', 'insert into parent (id, n) values (3, null)', [], { kind: 'notNull', detail: /^n$/ }],
    ['no value', 'insert into parent (id) values (3)', [], { kind: 'notNull', detail: /^n$/ }],
    [
      'a check',
      'insert into parent (id, n) values (3, -1)',
      [],
      { kind: 'check', detail: /^positive$/ },
    ],
    [
      'a table',
      'select * from nowhere where 1 = ?',
      [SECRET],
      { kind: 'unknownTable', detail: /^fail_\w+\.nowhere$/ },
    ],
    [
      'a table to drop',
      'drop table nowhere',
      [],
      { kind: 'unknownTable', detail: /^fail_\w+\.nowhere$/ },
    ],
    [
      'a column',
      'select nothing from parent where mail = ?',
      [SECRET],
      { kind: 'unknownColumn', detail: /^nothing$/ },
    ],
    ['a database', 'use nowhere', [], { kind: 'unknownDatabase', detail: /^nowhere$/ }],
    ['syntax', 'select\n? from from', [SECRET], { kind: 'syntax', detail: /^line 2$/ }],
    [
      'text for a number',
      'insert into parent (id, n) values (4, ?)',
      [SECRET],
      { kind: 'value', detail: /^n$/ },
    ],
    [
      'a number too big',
      'insert into parent (id, n, small) values (4, 1, 300)',
      [],
      { kind: 'value', detail: /^small$/ },
    ],
    [
      'text too long',
      'insert into parent (id, n, mail) values (4, 1, ?)',
      [SECRET.repeat(9)],
      { kind: 'value', detail: /^mail$/ },
    ],
    [
      'text for a date',
      'insert into parent (id, n, at) values (4, 1, ?)',
      [SECRET],
      { kind: 'value', detail: /^at$/ },
    ],
    [
      'a decimal too big',
      'insert into parent (id, n, price) values (4, 1, 1000)',
      [],
      { kind: 'value', detail: /^price$/ },
    ],
    ['arithmetic out of range', 'select 18446744073709551615 + 1 as v', [], { kind: 'value' }],
    ['division by zero', 'insert into parent (id, n) values (4, 1 / 0)', [], { kind: 'value' }],
    [
      'a date out of range',
      "insert into parent (id, n, at) values (4, 1, date_add('9999-12-31', interval 1 day))",
      [],
      { kind: 'value' },
    ],
    ['a function', 'select no_such_function(?)', [SECRET], { kind: 'other' }],
  ]

  before(async function () {
    const { driver, run } = await fixture.connect()
    for (const sql of schema) await run(sql)
    await driver.destroy()
  })

  for (const [name, sql, parameters, expected] of failures) {
    it(`${(expected as { kind: string }).kind}: ${name}`, async () => {
      const { driver, run } = await fixture.connect()
      const { kind, detail } = expected as { kind: string; detail?: RegExp }
      for (let i = 0; i < 2; i++) {
        const failure = driver.classifyError!(await rejection(run(sql, ...parameters)))!
        expect(failure).to.have.property('kind', kind)
        if (detail) expect(failure.detail ?? '').to.match(detail)
        else expect(failure).not.to.have.property('detail')
        expect(failure.detail ?? '').not.to.match(/s3cret|fake/)
      }
    })
  }

  it('Errors: the error of the driver holds no statement, and no name of another server', async () => {
    const { run, rows, driver } = await fixture.connect()
    const { context, dispose } = contextOn(fixture.url)
    try {
      for (const [statement, value] of [
        ['insert into parent (id, mail, n) values (7, ?, -1)', 'hunter2'],
        ['select nothing from parent where mail = ?', 'hunter2'],
        ['insert into parent (id, mail, n) values (1, ?, 1)', 'hunter2'],
      ] as const) {
        const failed = await rejection(run(statement, value))
        expect(failed).not.to.have.property('sql')
        expect(inspect(failed)).not.to.contain('hunter2')
        expect(driver.classifyError!(failed)?.kind).not.to.equal('other')
        const told = await rejection(context.executeQuery(CompiledQuery.raw(statement, [value])))
        expect(told.message).to.contain(String(failed['errno']))
        expect(inspect(told)).not.to.contain('hunter2')
      }
      const [{ version }] = await rows('select version() as version')
      const check = await rejection(run('insert into parent (id, n) values (8, -1)'))
      const isMariadb = (version as string).includes('MariaDB')
      expect(check['code']).to.equal(isMariadb ? undefined : 'ER_CHECK_CONSTRAINT_VIOLATED')
      expect(check['errno']).to.equal(isMariadb ? 4025 : 3819)
    } finally {
      await dispose()
    }
  })

  it('lockTimeout: a row that somebody has locked', async () => {
    const [one, two] = [await fixture.connect(), await fixture.connect()]
    await one.run('start transaction')
    await one.run('select * from parent where id = 1 for update')
    const error = await rejection(two.run('select * from parent where id = 1 for update nowait'))
    expect(two.driver.classifyError!(error)).to.deep.equal({ kind: 'lockTimeout' })
    await one.run('rollback')
  })

  it('deadlock: two transactions that wait for one another', async () => {
    const [one, two] = [await fixture.connect(), await fixture.connect()]
    await one.run("insert into parent (id, mail, n) values (21, 'a', 1), (22, 'b', 1)")
    for (const [connected, id] of [
      [one, 21],
      [two, 22],
    ] as const) {
      await connected.run('start transaction')
      await connected.run('update parent set n = n + 1 where id = ?', id)
    }
    const cross = async ({ run }: Connected, id: number): Promise<void> => {
      try {
        await run('update parent set n = n + 1 where id = ?', id)
      } finally {
        await run('rollback')
      }
    }
    const crossed = await Promise.allSettled([cross(one, 22), cross(two, 21)])
    const kinds = crossed.flatMap(result =>
      result.status === 'rejected' ? [one.driver.classifyError!(result.reason)] : [],
    )
    expect(kinds).to.deep.equal([{ kind: 'deadlock' }])
  })

  it('accessDenied, tooManyConnections: an account that is locked, and one that has what it may have', async () => {
    const { run } = await fixture.connect()
    const url = new URL(fixture.url)
    const user = `few_${process.pid}`
    await run(`create user ${user}@'%' with max_user_connections 1`)
    await run(`grant select on *.* to ${user}@'%'`)
    const driver = mysql(Object.assign(url, { username: user })).createDriver()
    try {
      await driver.acquireConnection()
      const second = await rejection(driver.acquireConnection())
      expect(driver.classifyError!(second)).to.have.property('kind', 'tooManyConnections')
      await run(`alter user ${user}@'%' account lock`)
      const locked = await rejection(mysql(url).createDriver().acquireConnection())
      expect(driver.classifyError!(locked)).to.have.property('kind', 'accessDenied')
    } finally {
      await driver.destroy()
      await run(`drop user ${user}@'%'`)
    }
  })

  it('U9: a column whose name no row can have is told as that', async () => {
    const { driver, run } = await fixture.connect()
    const error = await rejection(run("select x'7878' as `__proto__`"))
    expect(driver.classifyError!(error)).to.include({ kind: 'other' })
    expect(driver.classifyError!(error)?.advice).to.match(/^A column of the result has a name/)
  })

  it("accessDenied: a table that is not the user's", async () => {
    const { run, driver } = await fixture.connect()
    const url = new URL(fixture.url)
    const user = `reader_${process.pid}`
    await run(`create user ${user}@'%' identified by 'pw'`)
    await run(`grant select on \`${url.pathname.slice(1)}\`.parent to ${user}@'%'`)
    const own = mysql(Object.assign(url, { username: user, password: 'pw' })).createDriver()
    try {
      const connection = await own.acquireConnection()
      const error = await rejection(
        connection.executeQuery({ sql: 'delete from parent', parameters: [] } as never),
      )
      expect(driver.classifyError!(error)).to.have.property('kind', 'accessDenied')
      expect(driver.classifyError!(error)!.detail).to.match(new RegExp(`^${user}@`))
    } finally {
      await own.destroy()
      await run(`drop user ${user}@'%'`)
    }
  })

  it('readOnly: a write in a read-only transaction', async () => {
    const { driver, connection, run } = await fixture.connect()
    await driver.beginTransaction(connection, { accessMode: 'read only' })
    const error = await rejection(run('delete from child'))
    expect(driver.classifyError!(error)).to.deep.equal({ kind: 'readOnly' })
    expect(connection.transactionState).to.equal('open')
    await driver.rollbackTransaction(connection)
  })

  it('timeout: a statement that took longer than the server allows', async function () {
    const { driver, run, rows } = await fixture.connect()
    const [{ version }] = await rows('select version() as version')
    const maria = (version as string).includes('MariaDB')
    await run(maria ? 'set max_statement_time = 0.01' : 'set max_execution_time = 10')
    const many = Array.from({ length: 7 }, (_, i) => `information_schema.columns c${i}`).join(', ')
    const error = await rejection(run(`select count(*) from ${many}`))
    expect(driver.classifyError!(error)).to.deep.equal({ kind: 'timeout' })
  })

  describe('after which nobody gets the connection', () => {
    /** Changes a global variable of the server for one test. */
    async function withGlobal(name: string, value: string | number, work: () => Promise<void>) {
      const admin = await fixture.connect()
      const [{ before }] = await admin.rows(`select @@global.${name} as \`before\``)
      await admin.run(`set global ${name} = ${value}`)
      try {
        await work()
      } finally {
        await admin.run(`set global ${name} = ${before}`)
      }
    }

    it('X4: a packet that the server refused, after which it closes the connection', () =>
      withGlobal('max_allowed_packet', 65_536, async () => {
        const connected = await fixture.connect({ connectionLimit: 1 })
        const error = await rejection(connected.run('select ? as text', 'x'.repeat(100_000)))
        expect(connected.driver.classifyError!(error)).to.deep.equal({ kind: 'tooLarge' })
        await connected.driver.releaseConnection(connected.connection)
        const next = await connectTo(connected.driver)
        expect(next.connection).not.to.equal(connected.connection)
        expect(await next.rows('select 1 as one')).to.deep.equal([{ one: 1 }])
      }))

    it('what is larger than the server takes is told before anything is sent', () =>
      withGlobal('max_allowed_packet', 2 ** 21, async () => {
        const { connection, run, rows } = await fixture.connect()
        const large = 'x'.repeat(40 * 2 ** 20)
        for (let i = 0; i < 3; i++) {
          const error = await rejection(run('select length(?) as n', large))
          expect(error).to.include({ code: 'MAYFLY_DATABASE', kind: 'tooLarge' })
          expect(error.message).to.contain('max_allowed_packet is 2097152').and.not.contain('xxx')
        }
        expect(connection.transactionState).to.equal('none')
        // What fits goes both ways, and the connection is as good as before.
        for (let i = 0; i < 3; i++)
          expect(await rows('select length(?) as n', large.slice(0, 2 ** 20))).to.deep.equal([
            { n: 2 ** 20 },
          ])
      }))

    it('X4: a server that has become read-only', async () => {
      const user = `reader_${process.pid}`
      const admin = await fixture.connect()
      await admin.run(`create table written (id int)`)
      await admin.run(`create user ${user}@'%'`)
      await admin.run(`grant select, insert on *.* to ${user}@'%'`)
      const url = new URL(fixture.url)
      url.username = user
      const driver = mysql(url, { connectionLimit: 1 }).createDriver()
      try {
        const connected = await connectTo(driver)
        await withGlobal('read_only', 'on', async () => {
          const error = await rejection(connected.run('insert into written values (1)'))
          expect(driver.classifyError!(error)).to.deep.equal({ kind: 'readOnly' })
        })
        await driver.releaseConnection(connected.connection)
        expect((await connectTo(driver)).connection).not.to.equal(connected.connection)
      } finally {
        await driver.destroy()
        await admin.run(`drop user ${user}@'%'`)
      }
    })

    it('but one that refused a read-only transaction to write is given back', async () => {
      const { driver, connection, run } = await fixture.connect({ connectionLimit: 1 })
      await driver.beginTransaction(connection, { accessMode: 'read only' })
      const error = await rejection(run('delete from child'))
      expect(driver.classifyError!(error)).to.deep.equal({ kind: 'readOnly' })
      await driver.rollbackTransaction(connection)
      await driver.releaseConnection(connection)
      expect((await connectTo(driver)).connection).to.equal(connection)
    })
  })

  describe('by their number alone', () => {
    const { classifyError } = mysql('mysql://db/shop').createDriver()
    const kindOf = (error: unknown): unknown =>
      classifyError!.call(mysql('mysql://db/shop').createDriver(), error)
    const server = (errno: number, message: string): Error =>
      Object.assign(new Error(message), { errno, sqlState: 'HY000', code: `ER_${errno}` })

    const known: [string, Error, unknown][] = [
      [
        "MySQL's lock with nowait",
        server(3572, 'Statement aborted because lock(s) could not be acquired immediately'),
        { kind: 'lockTimeout' },
      ],
      ["MySQL's timeout", server(3024, 'Query execution was interrupted'), { kind: 'timeout' }],
      [
        "MySQL's check",
        server(3819, "Check constraint 'positive' is violated."),
        { kind: 'check', detail: 'positive' },
      ],
      [
        'a number that means something else on MySQL',
        server(4025, 'AUTOEXTEND_SIZE out of range'),
        { kind: 'other' },
      ],
      [
        'an idle connection that MySQL closed',
        server(4031, 'The client was disconnected by the server because of inactivity.'),
        { kind: 'connectionLost' },
      ],
      [
        'a server that is shut down',
        server(1053, 'Server shutdown in progress'),
        { kind: 'connectionLost' },
      ],
      [
        'a read-only server',
        server(
          1290,
          'The MySQL server is running with the --super-read-only option so it cannot execute this statement',
        ),
        { kind: 'readOnly' },
      ],
      [
        'another option that prevents a statement',
        server(1290, 'The MySQL server is running with the --secure-file-priv option'),
        { kind: 'other' },
      ],
      [
        'a node of a cluster that is not ready',
        server(1047, 'WSREP has not yet prepared node for application use'),
        { kind: 'notReady' },
      ],
      ['an unknown command', server(1047, 'Unknown command'), { kind: 'other' }],
      [
        'a commit that a cluster rolled back',
        server(3101, 'Plugin instructed the server to rollback the current transaction.'),
        { kind: 'serialization' },
      ],
      [
        'MySQL keeping a parent table',
        server(
          3730,
          "Cannot drop table 'parent' referenced by a foreign key constraint 'child_parent' on table 'child'.",
        ),
        { kind: 'foreignKey', detail: 'child_parent' },
      ],
      [
        'packets that came out of order',
        server(1156, 'Got packets out of order'),
        { kind: 'connectionLost' },
      ],
      [
        'a snapshot that is too old',
        server(1020, "Record has changed since last read in table 't'"),
        { kind: 'serialization' },
      ],
      [
        'MySQL 8 quoting a key',
        server(1062, "Duplicate entry 'a' for key 'b' for key 'users.mail'"),
        { kind: 'unique', detail: 'users.mail' },
      ],
      [
        'bad JSON',
        server(3140, 'Invalid JSON text: "s3cret" at position 0 in value for column \'t.doc\'.'),
        { kind: 'value', detail: 't.doc' },
      ],
      [
        'a reset socket',
        Object.assign(new Error('read ECONNRESET'), {
          code: 'ECONNRESET',
          errno: -104,
          syscall: 'read',
          fatal: true,
        }),
        { kind: 'connectionLost' },
      ],
      [
        'a broken pipe',
        Object.assign(new Error('write EPIPE'), { code: 'EPIPE', errno: -32, syscall: 'write' }),
        { kind: 'connectionLost' },
      ],
      [
        'a closed connection',
        Object.assign(new Error("Can't add new command when connection is in closed state"), {
          fatal: true,
        }),
        { kind: 'connectionLost' },
      ],
      ['a full queue', new Error('Queue limit reached.'), { kind: 'tooManyConnections' }],
    ]
    for (const [name, error, expected] of known) {
      it(name, () => expect(kindOf(error)).to.deep.equal(expected))
    }

    it('what is no error of the driver is left to others', () => {
      for (const other of [
        new TypeError('x'),
        new InvalidArgumentError('x'),
        'text',
        undefined,
        null,
      ]) {
        expect(kindOf(other)).to.equal(undefined)
      }
    })
  })
})
