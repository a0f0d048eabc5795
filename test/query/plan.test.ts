import { expect } from 'chai'
import fc from 'fast-check'
import {
  DummyDriver,
  MssqlAdapter,
  MssqlQueryCompiler,
  MysqlAdapter,
  MysqlIntrospector,
  MysqlQueryCompiler,
  PostgresAdapter,
  PostgresQueryCompiler,
  sql,
  SqliteAdapter,
  SqliteQueryCompiler,
  type Dialect,
  type DialectAdapter,
  type Kysely,
  type QueryCompiler,
  type SelectQueryBuilder,
} from 'kysely'
import { RegistrationError } from 'mayfly'
import { openDataSource, type DataSource } from '../../lib/connection/data-source.js'
import type { Plan } from '../../lib/query/plan.js'
import { MOST_WORDS } from '../../lib/query/shape.js'
import { rowsOf as planOf } from '../../lib/query/table-plans.js'
import { collectGarbage } from '../support/garbage.js'

type Select = SelectQueryBuilder<any, any, any>

const rowsOf = (source: DataSource, table: string) =>
  planOf(source, { table, rowName: table, complete: false, declared: [] })

/** One step, of a plan and with Kysely alone, with either of two values. */
interface Step {
  readonly plan: (plan: Plan, which: 0 | 1) => Plan
  readonly kysely: (select: Select, which: 0 | 1) => Select
}

const columns = fc.constantFrom('id', 'name', 'orders.amount', 'constructor', '__proto__', 'limit')
const values = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.integer(),
  fc.bigInt(),
  fc.string(),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array().map(bytes => Buffer.from(bytes)),
  fc.array(fc.integer(), { minLength: 1, maxLength: 6 }),
)
const operators = fc.constantFrom('=', '!=', '<>', '<', '>=', 'like', 'not like', 'in', 'is')

const wheres = fc
  .record({ column: columns, operator: operators, either: fc.tuple(values, values) })
  .filter(({ operator, either }) => either.every(value => fits(operator, value)))
  .map(({ column, operator, either }): Step => ({
    plan: (plan, which) => plan.where(column, operator, either[which]),
    kysely: (select, which) => {
      const value = either[which]
      const isNull = value === null && ['=', '!=', '<>'].includes(operator)
      const compared = isNull ? (operator === '=' ? 'is' : 'is not') : operator
      return select.where(column, compared as never, Array.isArray(value) ? sized(value) : value)
    },
  }))

/** Lists of 1, 2, 4 and 8 values are all that there are. */
function sized(list: unknown[]): unknown[] {
  const size = [1, 2, 4, 8].find(most => list.length <= most)!
  return Array.from({ length: size }, (_, i) => list[Math.min(i, list.length - 1)])
}

function fits(operator: string, value: unknown): boolean {
  return Array.isArray(value) === (operator === 'in') && (operator !== 'is' || value === null)
}

const orders = fc
  .record({
    column: columns,
    direction: fc.constantFrom('asc' as const, 'desc' as const),
    further: fc.boolean(),
  })
  .map(({ column, direction, further }): Step => ({
    plan: plan => (further ? plan.thenBy(column, direction) : plan.orderBy(column, direction)),
    kysely: select => (further ? select : select.clearOrderBy()).orderBy(column, direction),
  }))
const rows = fc.nat({ max: 5 })
const limit = (select: Select, most: number) => select.limit(most === 1 ? sql.lit(1) : most)
const ends = fc.oneof(
  fc.constant<Step>({ plan: plan => plan, kysely: select => select }),
  fc.tuple(rows, rows).map((limits): Step => ({
    plan: (plan, which) => plan.limit(limits[which]),
    kysely: (select, which) => limit(select, limits[which]),
  })),
  fc.tuple(rows, rows, rows, rows).map(([firstLimit, secondLimit, ...offsets]): Step => ({
    plan: (plan, which) =>
      plan.limit([firstLimit, secondLimit][which]!).offset(offsets[which], true),
    kysely: (select, which) =>
      limit(select, [firstLimit, secondLimit][which]!).offset(offsets[which]),
  })),
  fc.tuple(rows, rows).map((offsets): Step => ({
    plan: (plan, which) => plan.offset(offsets[which], false),
    kysely: (select, which) =>
      select.limit(sql.lit(Number.MAX_SAFE_INTEGER)).offset(offsets[which]),
  })),
  fc.constant<Step>({
    plan: plan => plan.count(),
    kysely: select =>
      select
        .clearSelect()
        .clearOrderBy()
        .select(sql<number>`count(*)`.as('count')),
  }),
)
const statements = fc.tuple(fc.array(fc.oneof(wheres, wheres, orders), { maxLength: 5 }), ends)

const dialects: Record<string, () => [QueryCompiler, DialectAdapter]> = {
  MySQL: () => [new MysqlQueryCompiler(), new MysqlAdapter()],
  SQLite: () => [new SqliteQueryCompiler(), new SqliteAdapter()],
  PostgreSQL: () => [new PostgresQueryCompiler(), new PostgresAdapter()],
}

for (const [name, make] of Object.entries(dialects)) {
  describe(`plan for ${name}`, () => {
    const [compiler, adapter] = make()
    const dialect: Dialect = {
      createDriver: () => new DummyDriver(),
      createQueryCompiler: () => compiler,
      createAdapter: () => adapter,
      createIntrospector: (db: Kysely<any>) => new MysqlIntrospector(db),
    }
    let source: DataSource
    beforeEach(() => {
      source = openDataSource(dialect)
    })
    afterEach(() => source.release())

    it('gives the statements that Kysely gives, whatever came before with other values', () => {
      fc.assert(
        fc.property(fc.array(statements, { minLength: 1, maxLength: 4 }), all => {
          const fresh = openDataSource({ ...dialect })
          for (const which of [0, 1] as const) {
            for (const [steps, end] of all) {
              let plan = rowsOf(fresh, 'orders')
              let select: Select = source.builder.selectFrom('orders').selectAll('orders')
              for (const step of [...steps, end]) {
                plan = step.plan(plan, which)
                select = step.kysely(select, which)
              }
              const expected = select.compile()
              for (const compiled of [plan.compile(), plan.toSelect().compile()]) {
                expect(compiled.sql).to.equal(expected.sql)
                expect(compiled.parameters).to.deep.equal(expected.parameters)
              }
            }
          }
        }),
        { numRuns: 500 },
      )
    })

    it('tells apart what differs in one word', () => {
      const all = rowsOf(source, 'orders')
      const texts = [
        all.where('id', '=', 1),
        all.where('id', '>', 1),
        all.where('id', '<', 1),
        all.where('name', '=', 1),
        all.where('id', '=', null),
        all.where('id', '!=', null),
        all.orderBy('id', 'asc'),
        all.orderBy('id', 'desc'),
        all.orderBy('id', 'asc').thenBy('name', 'asc'),
        all.orderBy('id', 'asc').orderBy('name', 'asc'),
        all.limit(1),
        all.limit(2),
        all.offset(2, false),
        all.count(),
        rowsOf(source, 'users').where('id', '=', 1),
      ].map(plan => plan.compile().sql)

      expect(new Set(texts).size).to.equal(texts.length)
    })

    it('keeps no value of the query that was first of its shape', () => {
      const compiled = rowsOf(source, 'secrets').where('word', '=', 'open sesame').compile()

      expect(compiled.parameters).to.deep.equal(['open sesame'])
      expect(JSON.stringify(compiled.query)).not.to.contain('sesame')
    })

    it('takes any number of shapes', () => {
      for (let i = 0; i < 4000; i++) {
        const compiled = rowsOf(source, 'wide').where(`column${i}`, '=', i).compile()
        expect(compiled.sql).to.contain(`column${i}`)
        expect(compiled.parameters).to.deep.equal([i])
      }
    })

    it('keeps a bounded number of shapes, of tables that live for long and of queries that somebody keeps', async () => {
      const kept = [rowsOf(source, 'wide'), rowsOf(source, 'wide').where('id', '=', 1)]
      const first = kept.map(plan => new WeakRef(plan.orderBy('column0', 'asc').compile().query))
      for (let i = 1; i < MOST_WORDS; i++)
        for (const plan of kept) plan.orderBy(`column${i}`, 'asc').compile()
      await collectGarbage()

      expect(first.map(query => query.deref())).to.deep.equal([undefined, undefined])
      for (const plan of kept) {
        const again = plan.orderBy('column0', 'asc')
        expect(again.compile().sql).to.equal(again.toSelect().compile().sql)
      }
    })

    it('keeps a bounded number of tables', async () => {
      const first = new WeakRef(rowsOf(source, 'table0'))
      for (let i = 1; i < 2000; i++) rowsOf(source, `table${i}`)
      await collectGarbage()

      expect(first.deref()).to.equal(undefined)
      expect(rowsOf(source, 'table0').compile().sql).to.contain('table0')
    })
  })
}

describe('plan for SQL Server', () => {
  it('U13: a set is refused, because it has no LIMIT', async () => {
    const source = openDataSource({
      createDriver: () => new DummyDriver(),
      createQueryCompiler: () => new MssqlQueryCompiler(),
      createAdapter: () => new MssqlAdapter(),
      createIntrospector: (db: Kysely<any>) => new MysqlIntrospector(db),
    })

    for (let i = 0; i < 2; i++)
      expect(() => rowsOf(source, 'orders')).to.throw(
        RegistrationError,
        'The set of orders cannot be asked: its dialect is one for SQL Server',
      )
    await source.release()
  })
})

describe('plan for a compiler that looks at values', () => {
  /** Like those of databases that want a type with each parameter. */
  class TypedCompiler extends SqliteQueryCompiler {
    protected override appendValue(parameter: unknown): void {
      super.appendValue(typeof parameter === 'boolean' ? Number(parameter) : parameter)
      this.append(`::${typeof parameter}`)
    }
  }

  it('asks it each time', async () => {
    const source = openDataSource({
      createDriver: () => new DummyDriver(),
      createQueryCompiler: () => new TypedCompiler(),
      createAdapter: () => new SqliteAdapter(),
      createIntrospector: (db: Kysely<any>) => new MysqlIntrospector(db),
    })
    const texts = [1, 'one', true].map(value => {
      const { sql: text, parameters } = rowsOf(source, 't').where('a', '=', value).compile()
      return [text.split('= ')[1], ...parameters]
    })
    await source.release()

    expect(texts).to.deep.equal([
      ['?::number', 1],
      ['?::string', 'one'],
      ['?::boolean', 1],
    ])
  })
})
