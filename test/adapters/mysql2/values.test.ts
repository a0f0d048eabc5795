import { expect } from 'chai'
import { microsOf } from '../../../lib/support/utc-time.js'
import { InvalidArgumentError } from 'mayfly'
import { oursOf, rejection, sentDuring, useDatabase, type Connected } from './fixture.js'

const moment = new Date('2024-02-29T12:13:14.123Z')

describe('mysql values', () => {
  const fixture = useDatabase('vals')

  /** The rows of a statement as text, as users' go, and prepared, as ours. */
  async function bothWays(
    { rows, ours }: Connected,
    sql: string,
    ...parameters: unknown[]
  ): Promise<[any[], any[]]> {
    let text: any[] = []
    let prepared: any[] = []
    const sent = await sentDuring(async () => {
      text = await rows(sql, ...parameters)
      prepared = await ours(sql, ...parameters)
    })
    const asked = (line: string) => line.includes('@@sql_mode')
    expect(sent.filter(line => !asked(line)).map(line => line.split(':')[0])).to.deep.equal([
      'query',
      'execute',
    ])
    return [text, prepared]
  }

  describe('of columns are the same as text and from a prepared statement', () => {
    const columns: [string, string, unknown][] = [
      ['int', '-7', -7],
      ['int unsigned', '4294967295', 4294967295],
      ['mediumint unsigned', '16777215', 16777215],
      ['tinyint(1)', '1', 1],
      ['tinyint', '-128', -128],
      ['bigint', '9007199254740991', 9007199254740991],
      ['bigint', '9223372036854775807', '9223372036854775807'],
      ['bigint', '-9007199254740993', '-9007199254740993'],
      ['bigint unsigned', '18446744073709551615', '18446744073709551615'],
      ['decimal(30, 10)', '12345678901234567890.0123456789', '12345678901234567890.0123456789'],
      ['decimal(10, 2)', '1.5', '1.50'],
      ['double', '0.1', 0.1],
      ['double', '96070.67381485816e0', 96070.67381485816],
      ['double', '98.44881867851753e0', 98.44881867851753],
      ['double', '1e300', 1e300],
      ['datetime', "'2024-02-29 12:13:14'", new Date('2024-02-29T12:13:14.000Z')],
      ['datetime(3)', "'2024-02-29 12:13:14.123'", moment],
      ['datetime(6)', "'2024-02-29 12:13:14.123999'", moment],
      ['timestamp(3) null', "'2024-02-29 12:13:14.123'", moment],
      ['date', "'2024-02-29'", new Date('2024-02-29T00:00:00.000Z')],
      ['date', "'1899-11-30'", new Date('1899-11-30T00:00:00.000Z')],
      ['time', "'-100:11:12'", '-100:11:12'],
      ['year', '1969', 1969],
      ['json', `'{"a": [1, "ä"]}'`, '{"a": [1, "ä"]}'],
      ['bit(12)', "b'101'", Buffer.from([0, 5])],
      ['blob', "x'00ff27'", Buffer.from([0, 255, 39])],
      ['varbinary(4)', "''", Buffer.alloc(0)],
      ['binary(2)', "'a'", Buffer.from('a\0')],
      ['text', "'hällo \\\\ \\'x\\''", "hällo \\ 'x'"],
      ['varchar(9)', "'😀'", '😀'],
      ["enum('a', 'b')", "'b'", 'b'],
      ["set('a', 'b')", "'a,b'", 'a,b'],
      ['point', 'point(1, 2)', { x: 1, y: 2 }],
      ['int', 'null', null],
      ['datetime(3)', 'null', null],
      ['date', 'null', null],
      ['double', 'null', null],
      ['json', 'null', null],
    ]
    for (const [type, literal, expected] of columns) {
      it(`${type} ${literal}`, async () => {
        const connected = await fixture.connect()
        await connected.run(`create temporary table t (v ${type})`)
        await connected.run(`insert into t values (${literal})`)
        const [text, prepared] = await bothWays(connected, 'select v from t')
        expect(text).to.deep.equal([{ v: expected }])
        expect(prepared).to.deep.equal([{ v: expected }])
      })
    }

    it('U9: a day that there is not is its text: never an invalid Date, nor another day', async () => {
      const connected = await fixture.connect()
      await connected.run("set sql_mode = ''")
      await connected.run('create temporary table t (d date, at datetime(3), finer datetime(6))')
      await connected.run(
        "insert into t values ('0000-00-00', '0000-00-00', '2024-05-00 10:00:00.5')",
      )
      await connected.run("insert into t values ('2024-00-31', '2024-05-00 01:02:03', null)")
      for (const rows of await bothWays(connected, 'select d, at, finer from t')) {
        expect(rows).to.deep.equal([
          { d: '0000-00-00', at: '0000-00-00 00:00:00', finer: '2024-05-00 10:00:00.500000' },
          { d: '2024-00-31', at: '2024-05-00 01:02:03', finer: null },
        ])
      }
    })

    it('U9: a time of any year is itself, and remembers microseconds', async () => {
      const connected = await fixture.connect()
      await connected.run('create temporary table t (d date, at datetime(6))')
      const days = ['0001-01-01', '0044-03-15', '0099-12-31', '1899-12-31', '9999-12-31']
      for (const day of days)
        await connected.run(`insert into t values ('${day}', '${day} 23:59:58.123456')`)
      const sent = 'select d, at from t order by at'
      const all = await bothWays(connected, sent)
      const streamed: any[] = []
      for await (const { rows } of connected.connection.streamQuery(
        { sql: sent, parameters: [] } as never,
        2,
      ))
        streamed.push(...rows)
      for (const rows of [...all, streamed]) {
        expect(rows.map(row => row.d.toISOString().slice(0, 10))).to.deep.equal(days)
        expect(rows.map(row => row.at.toISOString())).to.deep.equal(
          days.map(day => `${day}T23:59:58.123Z`),
        )
        expect(rows.map(row => microsOf(row.at))).to.deep.equal(days.map(() => 456))
        expect(Object.keys(rows[0].at)).to.deep.equal([])
      }
    })

    it('U9: bytes with the name of a time stay bytes', async () => {
      const connected = await fixture.connect()
      const select =
        "select timestamp'2024-01-01 10:00:00' as v, x'e80702' as v, date'2024-02-29' as w, x'00' as x"
      for (const rows of await bothWays(connected, select))
        expect(rows).to.deep.equal([
          { v: Buffer.from('e80702', 'hex'), w: new Date('2024-02-29'), x: Buffer.from([0]) },
        ])
    })

    it('U9: of two columns of one name the last is read as what it is', async () => {
      const connected = await fixture.connect()
      await connected.run('create table twice (a float, b double, c time(3), d varchar(9))')
      await connected.run("insert into twice values (1.5, 0.123456789, '10:00:00.5', 'v')")
      const select = 'select a as n, b as n, c as t, d as t from twice'
      for (const rows of await bothWays(connected, select))
        expect(rows).to.deep.equal([{ n: 0.123456789, t: 'v' }])
    })

    it('U9: each result of a procedure has its times', async () => {
      const connected = await fixture.connect()
      await connected.run(
        "create procedure two() begin select date'0044-03-15' as d; select 1 as one, timestamp'0044-03-15 00:00:00.5' as at; end",
      )
      const [first, second] = await connected.rows('call two()')
      expect(first[0].d.toISOString()).to.equal('0044-03-15T00:00:00.000Z')
      expect(second[0].at.toISOString()).to.equal('0044-03-15T00:00:00.500Z')
      await connected.run('drop procedure two')
    })

    it('any double', async () => {
      const connected = await fixture.connect()
      await connected.run('create temporary table t (i int primary key, v double)')
      const values = Array.from(
        { length: 2000 },
        (_, i) => Math.fround(i * 0.37) * Math.PI * 10 ** ((i % 9) - 3),
      )
      await connected.run(
        `insert into t values ${values.map((v, i) => `(${i}, ${v}e0)`).join(', ')}`,
      )
      for (const rows of await bothWays(connected, 'select v from t order by i')) {
        expect(rows.map(row => row.v)).to.deep.equal(values)
      }
    })
  })

  describe('U12: that a driver reads in another way when they come prepared', () => {
    for (const [type, literal, expected] of [
      ['float', '1.1', 1.1],
      ['float(10, 3)', '2.7', 2.7],
      ['float(10, 3)', '0.0004', 0],
      ['time(3)', "'10:00:00.500'", '10:00:00.500'],
      ['time(3)', "'-10:00:00'", '-10:00:00.000'],
      ['time(6)', "'00:00:00.000001'", '00:00:00.000001'],
    ] as const) {
      it(`${type} ${literal}`, async () => {
        const connected = await fixture.connect()
        await connected.run(`create temporary table t (v ${type})`)
        await connected.run(`insert into t values (${literal}), (null)`)
        const wanted = [{ v: expected }, { v: null }]
        for (const rows of await bothWays(connected, 'select v from t'))
          expect(rows).to.deep.equal(wanted)
        const streamed: unknown[] = []
        const stream = connected.connection.streamQuery(oursOf('select v from t'), 1)
        for await (const { rows } of stream) streamed.push(...rows)
        expect(streamed).to.deep.equal(wanted)
      })
    }

    it('any float', async () => {
      const connected = await fixture.connect()
      await connected.run('create temporary table t (i int primary key, v float, w float(20, 3))')
      const many = Array.from({ length: 2000 }, (_, i) =>
        i % 2 ? 1000005 + i * 5 : Math.fround(i * 0.37) * Math.PI * 10 ** ((i % 30) - 15),
      )
      const small = (v: number) => Math.fround(v % 100_000)
      const values = many.map((v, i) =>
        `(${i}, ${v}e0, ${small(v)}e0)`.replaceAll(/(e[+-]?\d+)e0/g, '$1'),
      )
      await connected.run(`insert into t values ${values.join(', ')}`)
      const [text, prepared] = await bothWays(connected, 'select v, w from t order by i')
      expect(prepared).to.deep.equal(text)
    })

    for (const prepare of ['ours', 'always'] as const) {
      it(`dates that the pool reads as text, with prepare: '${prepare}'`, async () => {
        const { run, rows } = await fixture.connect({ dateStrings: true, prepare })
        // MySQL itself refuses zero dates.
        await run("set sql_mode = ''")
        const sql = "select timestamp'2024-01-02 03:04:05.000' as at, date'0000-00-00' as d"
        expect(await rows(sql)).to.deep.equal([{ at: '2024-01-02 03:04:05.000', d: '0000-00-00' }])
      })
    }
  })

  describe('of parameters arrive whole, both ways', () => {
    const parameters: [string, unknown, unknown][] = [
      ['an integer', 42, 42],
      ['a negative integer', -42, -42],
      ['a fraction, as DECIMAL', 0.1, '0.1'],
      ['a huge number, as DOUBLE', 1e21, 1e21],
      ['a tiny number, as DOUBLE', 1e-7, 1e-7],
      ['a bigint', 5n, 5],
      ['a bigint beyond 2^53', 9007199254740993n, '9007199254740993'],
      ['the largest signed bigint', 2n ** 63n - 1n, '9223372036854775807'],
      ['the smallest', -(2n ** 63n), '-9223372036854775808'],
      ['the largest unsigned', 2n ** 64n - 1n, '18446744073709551615'],
      ['a bigint beyond 2^64', 10n ** 30n, '1000000000000000000000000000000'],
      ['true', true, 1],
      ['false', false, 0],
      ['null', null, null],
      [
        'text with all that is special',
        'a\'b"c\\d\n\r\t\0\x1a% _ ? :x `',
        'a\'b"c\\d\n\r\t\0\x1a% _ ? :x `',
      ],
    ]
    for (const [name, value, expected] of parameters) {
      it(name, async () => {
        const connected = await fixture.connect()
        const [text, prepared] = await bothWays(connected, 'select ? as v', value)
        expect(text).to.deep.equal([{ v: expected }])
        expect(prepared).to.deep.equal([{ v: expected }])
      })
    }

    it('U12: bytes, which only a column tells from text in a prepared statement', async () => {
      const connected = await fixture.connect()
      await connected.run('create temporary table t (v varbinary(9))')
      for (const bytes of [Buffer.from([0, 39, 92, 255]), new Uint8Array([1, 2, 3]).subarray(1)]) {
        const expected = [{ v: Buffer.from(bytes) }]
        for (let i = 0; i < 3; i++)
          expect(await connected.rows('select ? as v', bytes)).to.deep.equal(expected)
        await connected.ours('insert into t values (?)', bytes)
        for (const rows of await bothWays(connected, 'select v from t where v = ?', bytes))
          expect(rows).to.deep.equal(expected)
      }
    })

    it('a Date, which Kysely writes as text', async () => {
      const connected = await fixture.connect()
      const [text, prepared] = await bothWays(connected, 'select ? as v', moment)
      expect(text).to.deep.equal([{ v: '2024-02-29 12:13:14.123' }])
      expect(prepared).to.deep.equal([{ v: moment }])
    })

    const uses: [string, string, unknown[], unknown][] = [
      [
        'arithmetic with DECIMAL keeps every digit',
        'select amount * ? as v from p where id = 1',
        [2],
        '199999999999999999.98',
      ],
      ['a fraction times DECIMAL', 'select amount * ? as v from p where id = 2', [1.1], '2.750'],
      [
        'a key beyond 2^53 finds its own row only',
        'select id as v from p where id = ?',
        [9007199254740993n],
        '9007199254740993',
      ],
      ['LIMIT', 'select id as v from p order by id limit ?', [1], 1],
      ['LIMIT and OFFSET', 'select id as v from p order by id limit ? offset ?', [1n, 1n], 2],
      ['a Date compared', 'select id as v from p where at = ?', [moment], 1],
      ['a quoted ? is no placeholder', "select concat('?', ?) as v", ['!'], '?!'],
    ]
    for (const [name, sql, values, expected] of uses) {
      it(name, async () => {
        const connected = await fixture.connect()
        await connected.run(
          'create temporary table p (id bigint primary key, amount decimal(20, 2), at datetime(3))',
        )
        await connected.run(
          "insert into p values (1, 99999999999999999.99, '2024-02-29 12:13:14.123')",
        )
        await connected.run(
          'insert into p values (2, 2.50, null), (9007199254740992, 1, null), (9007199254740993, 1, null)',
        )
        for (let i = 0; i < 3; i++) {
          expect(await connected.rows(sql, ...values)).to.deep.equal([{ v: expected }])
        }
      })
    }

    it('doubles survive a round trip', async () => {
      const connected = await fixture.connect()
      await connected.run('create temporary table t (v double)')
      for (const value of [
        0.1,
        1 / 3,
        Math.PI * 1e15,
        5e-324,
        Number.MAX_VALUE,
        123456789.12345679,
        2 ** 60,
        0.000001234,
      ]) {
        await connected.run('delete from t')
        await connected.run('insert into t values (?)', value)
        await connected.run('insert into t values (?)', value)
        expect(await connected.rows('select v from t')).to.deep.equal([{ v: value }, { v: value }])
      }
    })
  })

  describe('that MySQL cannot store are refused before anything is sent', () => {
    class Money {
      amount = 'secret'
    }
    const refused: [string, unknown, RegExp][] = [
      ['undefined', undefined, /^Parameter 2 is undefined/],
      ['NaN', NaN, /^Parameter 2 is NaN/],
      ['Infinity', -Infinity, /^Parameter 2 is infinite/],
      ['a plain object', { id: 'secret' }, /^Parameter 2 is an object.+JSON\.stringify/],
      ['an object of a class', new Money(), /^Parameter 2 is an object/],
      ['an object that makes SQL', { toSqlString: () => 'secret' }, /^Parameter 2 is an object/],
      ['an array', ['secret'], /^Parameter 2 is an array.+JSON\.stringify/],
      ['a function', () => 'secret', /^Parameter 2 is a function/],
      ['a symbol', Symbol('secret'), /^Parameter 2 is a symbol/],
      ['an invalid Date', new Date(NaN), /^Parameter 2 is an invalid Date/],
      [
        'a Date after 9999',
        new Date(253402300800000),
        /^Parameter 2 is a Date outside of the years 0 to 9999/,
      ],
    ]
    for (const [name, value, message] of refused) {
      it(name, async () => {
        const { run, rows } = await fixture.connect()
        await rows('select ? as a, ? as b', 1, 2)
        const sent = await sentDuring(async () => {
          for (const sql of ['select ? as a, ? as b', 'select ? as c, ? as d']) {
            const error = await rejection(run(sql, 1, value))
            expect(error).to.be.instanceOf(InvalidArgumentError)
            expect(error.message).to.match(message).and.include(sql).and.not.include('secret')
          }
        })
        expect(sent).to.deep.equal([])
      })
    }

    it('more values than placeholders', async () => {
      const { run } = await fixture.connect()
      const sent = await sentDuring(async () => {
        const error = await rejection(run('select ?', 'a', 'b'))
        expect(error).to.be.instanceOf(InvalidArgumentError)
        expect(error.message).to.match(/^2 parameters were given, and the statement has 1 of \?/)
      })
      expect(sent).to.deep.equal([])
    })

    it('fewer values than placeholders, and one for a ? between quotes', async () => {
      const { run } = await fixture.connect()
      const sent = await sentDuring(async () => {
        for (const [sql, ...values] of [
          ['select ? as a, ? as b', 1],
          ["select * from t where name like '%?%'", "x' or 1 = 1 -- "],
          ['select 1 -- ?', 1],
          ['select 1 /* ? */', 1],
          ['select `?`', 1],
        ] as const) {
          const error = await rejection(run(sql, ...values))
          expect(error).to.be.instanceOf(InvalidArgumentError)
          expect(error.message).to.match(/^1 parameters were given, and the statement has [02] of/)
        }
      })
      expect(sent).to.deep.equal([])
    })
  })
})
