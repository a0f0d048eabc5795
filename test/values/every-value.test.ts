import { expect } from 'chai'
import fc from 'fast-check'
import { sql } from 'kysely'
import { DbContext, integer } from 'mayfly'
import { openDataSource } from '../../lib/connection/data-source.js'
import { databases, type DatabaseKind } from '../support/databases.js'
import { samples, type Sample } from './column-samples.js'

const NAMES = Object.keys(samples)
const ROWS = 6
/** MAYFLY_VALUES=200 for a longer run. */
const RUNS = Number(process.env['MAYFLY_VALUES'] ?? 8)

interface Database {
  every: { id: number; [column: string]: any }
}

class Every extends DbContext<Database> {
  readonly every = this.set('every', {
    key: 'id',
    complete: true,
    columns: {
      id: integer(),
      ...Object.fromEntries(NAMES.map(name => [name, samples[name]!.column.nullable()])),
    } as never,
  })
}

/** How a row gets into its table: as a save will send it, as `kysely` takes it, and in a statement's own text. */
const WAYS = ['driver', 'plain', 'literal'] as const

const rows = fc.array(
  fc.record({
    way: fc.constantFrom(...WAYS),
    values: fc.record(
      Object.fromEntries(
        NAMES.map(name => [name, fc.option(samples[name]!.values, { freq: 8, nil: null })]),
      ),
    ),
  }),
  { minLength: ROWS, maxLength: ROWS },
)

type Row = { way: (typeof WAYS)[number]; values: Record<string, any> }

const equal = ({ column }: Sample, a: any, b: any) =>
  a === null || b === null ? a === b : column.equals(a, b)

async function three<T>(read: () => Promise<T>): Promise<T[]> {
  return [await read(), await read(), await read()]
}

for (const kind of databases) {
  describe(`every value of every column (${kind.name})`, function () {
    this.timeout(120_000)

    it('U9, U13: is read as it was written, found by what was read, and in its order, the third time as the first', async () => {
      await onEmpty(kind, async (db, write) => {
        await fc.assert(
          fc.asyncProperty(rows, async given => {
            await write(given)
            const read = await three(() => db.every.asNoTracking().orderBy('id').toList())
            for (const all of read)
              for (const [i, { values, way }] of given.entries())
                for (const name of NAMES) {
                  const value = all[i]![name]
                  const isRight = equal(samples[name]!, value, values[name])
                  expect(
                    isRight,
                    `${name} as ${way}: ${shown(values[name])} is read as ${shown(value)}`,
                  ).to.equal(true)
                }
            for (const name of NAMES) await checkFound(db, name, given, read[0]!)
          }),
          { numRuns: RUNS, endOnFailure: true },
        )
      })
    })
  })
}

async function checkFound(
  db: Every,
  name: string,
  given: Row[],
  read: Record<string, any>[],
): Promise<void> {
  const sample = samples[name]!
  const ids = async (query: { toList(): Promise<Record<string, any>[]> }) =>
    (await query.toList()).map(row => row['id'] as number)
  if (name !== 'data') {
    for (const value of [given[0]!.values[name], read[1]![name]]) {
      const expected = given.flatMap(({ values }, i) =>
        equal(sample, values[name], value) ? [i] : [],
      )
      const found = await three(() =>
        ids(
          db.every
            .asNoTracking()
            .where(name as 'id', '=', value)
            .orderBy('id'),
        ),
      )
      for (const list of found) {
        if (sample.order) expect(list, `${name} = ${shown(value)}`).to.deep.equal(expected)
        else expect(list, `${name} = ${shown(value)}`).to.include.members(expected)
      }
    }
    const some = given
      .slice(0, 3)
      .map(({ values }) => values[name])
      .filter(value => value !== null)
    const expected = given.flatMap(({ values }, i) =>
      some.some(value => equal(sample, values[name], value)) ? [i] : [],
    )
    const found = await ids(
      db.every
        .asNoTracking()
        .where(name as 'id', 'in', some as never)
        .orderBy('id'),
    )
    expect(found, `${name} in ...`).to.include.members(expected)
    if (sample.order) expect(found, `${name} in ${shown(some)}`).to.have.length(expected.length)
  }
  const { order } = sample
  if (!order) return
  const indexed = given.map(({ values }, i) => [values[name], i] as const)
  const sorted = indexed
    .toSorted(
      ([a, i], [b, j]) =>
        (a === null || b === null ? Number(b === null) - Number(a === null) : order(a, b)) || i - j,
    )
    .map(([, i]) => i)
  for (const list of await three(() =>
    ids(
      db.every
        .asNoTracking()
        .orderBy(name as 'id')
        .thenBy('id'),
    ),
  ))
    expect(list, `the order of ${name}: ${shown(indexed)}`).to.deep.equal(sorted)
  const pivot = given[0]!.values[name]
  if (pivot === null) return
  const below = indexed.flatMap(([value, i]) =>
    value !== null && order(value, pivot) < 0 ? [i] : [],
  )
  for (const list of await three(() =>
    ids(
      db.every
        .asNoTracking()
        .where(name as 'id', '<', pivot)
        .orderBy('id'),
    ),
  ))
    expect(list, `${name} < ${shown(pivot)}`).to.deep.equal(below)
}

type Write = (rows: Row[]) => Promise<void>

async function onEmpty(
  kind: DatabaseKind,
  work: (db: Every, write: Write) => Promise<void>,
): Promise<void> {
  const { family, quote: q } = kind
  const empty = await kind.create('values')
  const dialect = kind.dialect(empty.url)
  const source = openDataSource(dialect)
  await using db = new Every({ dialect })
  const quoted = (name: string) => `${q}${name}${q}`
  const write: Write = async given => {
    await sql.raw('delete from every').execute(db.kysely)
    for (const [id, { way, values }] of given.entries()) {
      if (way === 'literal') {
        const literals = NAMES.map(name =>
          values[name] === null ? 'null' : samples[name]!.literal(values[name], family),
        )
        await sql
          .raw(
            `insert into every (id, ${NAMES.map(quoted).join(', ')}) values (${id}, ${literals.join(', ')})`,
          )
          .execute(db.kysely)
        continue
      }
      const sent = NAMES.map(name => {
        const { column, plain } = samples[name]!
        const value = values[name]
        if (value === null) return [name, null]
        return [
          name,
          way === 'driver' ? column.toDriver(value, source.values) : plain(value, family),
        ]
      })
      await db.kysely
        .insertInto('every')
        .values({ id, ...Object.fromEntries(sent) })
        .execute()
    }
  }
  try {
    const columns = NAMES.map(name => `${quoted(name)} ${samples[name]!.types[family]}`)
    await sql
      .raw(`create table every (id integer primary key, ${columns.join(', ')})`)
      .execute(db.kysely)
    await work(db, write)
  } finally {
    await db.dispose()
    await source.release()
    await empty.drop()
  }
}

function shown(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) =>
    typeof item === 'bigint' ? `${item}n` : Object.is(item, -0) ? '-0' : item,
  )?.slice(0, 300)
}
