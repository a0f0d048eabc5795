import { expect } from 'chai'
import { compiled } from './compiled.js'

const COLUMNS = 20
/** A fifth more than were counted on TypeScript 7.0 (347,000). Each one is work of an editor. */
const MOST_INSTANTIATIONS = 420_000

const count = <T>(n: number, make: (i: number) => T) => Array.from({ length: n }, (_, i) => make(i))

/** A context as large ones are: each set has columns of all kinds, a filter and two relations, and is asked in five ways. */
function source(sets: number): string {
  const next = (i: number) => (i + 1) % sets
  const types = ['number', 'string', 'Date', 'string | null', 'boolean']
  const tables = count(sets, i =>
    [
      `  t${i}: {`,
      '    id: Generated<number>',
      '    parentId: number',
      '    at: Date',
      ...count(COLUMNS - 3, c => `    c${c}: ${types[c % types.length]}`),
      '  }',
    ].join('\n'),
  )
  const members = count(sets, i =>
    [
      `  readonly t${i} = this.set('t${i}', {`,
      "    key: 'id',",
      '    columns: { at: dateTime() },',
      "    filter: q => q.where('c0', '>', this.least),",
      `    relations: { children: many('t${next(i)}', 'parentId'), parent: one('t${next(next(i))}', 'parentId') },`,
      '  })',
    ].join('\n'),
  )
  const queries = count(sets, i =>
    [
      `  await db.t${i}.where('c1', '=', 'x').orderBy('at').thenByDescending('id').take(5).toList()`,
      `  await db.t${i}.select('id', 'c1').where('c3', '=', null).first()`,
      `  const [row${i}] = await db.t${i}.include('children', db.t${next(i)}.include('children')).include('parent').toList()`,
      `  row${i}!.children[0]!.children[0]!.c1.trim()`,
      `  await db.t${i}.where(eb => eb('at', '>', new Date(0)).or('c0', 'in', [1, 2])).count()`,
      `  await db.t${i}.build(q => q.innerJoin('t${next(i)}', 't${next(i)}.parentId', 't${i}.id').select(['t${i}.id', 't${next(i)}.c1'])).toList()`,
    ].join('\n'),
  )
  return [
    "import type { Generated } from 'kysely'",
    "import { dateTime, DbContext, many, one } from 'mayfly'",
    `interface Large {\n${tables.join('\n')}\n}`,
    `export class LargeContext extends DbContext<Large> {\n  least = 0\n${members.join('\n')}\n}`,
    `export async function ask(db: LargeContext): Promise<void> {\n${queries.join('\n')}\n}`,
  ].join('\n')
}

async function instantiations(sets: number): Promise<number> {
  const said = await compiled(source(sets), ['--extendedDiagnostics'])
  expect(said).not.to.include('error TS')
  return Number(/Instantiations:\s+(\d+)/.exec(said)![1])
}

describe('types of large contexts', function () {
  this.timeout(120_000)

  it(`60 sets cost the compiler at most ${MOST_INSTANTIATIONS} instantiations, and 120 little more for each`, async () => {
    // Mayfly and its dependencies, which are compiled from their sources here, are not counted.
    const own = await instantiations(1)
    const [sixty, more] = [(await instantiations(60)) - own, (await instantiations(120)) - own]
    expect(sixty).to.be.above(0).and.at.most(MOST_INSTANTIATIONS)
    // Each set is a name among all of them, so that it is a little more than twice as many.
    expect(more / sixty).to.be.at.most(2.8)
  })
})
