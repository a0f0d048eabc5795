import { expect } from 'chai'
import { findCircle, readImports, type Import } from './imports.js'

/** From the top to the ground; arrows go down. What stands on one line knows nothing of each other. */
const FLOORS: readonly (readonly string[])[] = [
  ['adapters/express', 'adapters/mysql2', 'adapters/postgres', 'adapters/sqlite', 'lib/index.ts'],
  ['lib/container'],
  ['lib/registration'],
  ['lib/context'],
  ['lib/tracking'],
  ['lib/query'],
  ['lib/connection', 'lib/scope'],
  ['lib/diagnostics'],
  ['lib/support'],
  ['lib/errors.ts'],
  ['lib/shown-sql.ts'],
]

/** Files whose types need each other, because the one is what becomes of the other, or holds it. */
const TWO_SIDES: readonly (readonly string[])[] = [
  // Who waits gets a place, and then a hold of what is in it.
  ['waiter', 'place', 'hold'].map(name => `lib/connection/${name}.ts`),
  // A filter is a function of queries, and a query has one; a set has what runs its queries, and the tracker of that knows sets;
  // what a query has been told leads to other queries.
  ['bound-set', 'query', 'query-runner', 'row-tracker', 'statement'].map(
    name => `lib/query/${name}.ts`,
  ),
]

/** `lib/scope` of `lib/scope/scope.ts`; a file beside the folders is a room of its own. */
function roomOf(file: string): string {
  return file.split('/').slice(0, 2).join('/')
}

function floorOf(room: string): number {
  return FLOORS.findIndex(rooms => rooms.includes(room))
}

function told({ from, to }: Import): string {
  return `${from} -> ${to}`
}

describe('the imports of lib and adapters', () => {
  const imports = readImports()

  it('every room has a floor', () => {
    const rooms = new Set(imports.flatMap(({ from, to }) => [roomOf(from), roomOf(to)]))

    expect([...rooms].filter(room => floorOf(room) < 0)).to.deep.equal([])
    expect(rooms.size).to.be.greaterThan(10)
  })

  it('go down, types too: nothing below lib/container knows it', () => {
    const wrong = imports.filter(({ from, to }) => {
      const [room, other] = [roomOf(from), roomOf(to)]
      return room !== other && floorOf(room) >= floorOf(other)
    })

    expect(wrong.map(told)).to.deep.equal([])
  })

  it('what is Awilix stays in lib/container, and what is Express in its adapter', () => {
    const strangers: Readonly<Record<string, RegExp>> = {
      awilix: /^(?:lib\/container\/|lib\/index\.ts$|adapters\/express\/)/,
      'awilix-router-core': /^adapters\/express\//,
      express: /^adapters\/express\//,
      acorn: /^lib\/container\/verify\//,
      mysql2: /^adapters\/mysql2\//,
      pg: /^adapters\/postgres\//,
      'pg-cursor': /^adapters\/postgres\//,
    }
    const wrong = readImports('package').filter(
      ({ from, to }) => strangers[to]?.test(from) === false,
    )

    expect(wrong.map(told)).to.deep.equal([])
  })

  it('make no circle at run time, so that any file can be imported first', () => {
    expect(findCircle(imports.filter(({ isType }) => !isType))).to.equal(undefined)
  })

  it('make no circle of types, but where two files are two sides of one thing', () => {
    const isOfOneThing = ({ from, to, isType }: Import) =>
      isType && TWO_SIDES.some(files => files.includes(from) && files.includes(to))

    const circle = findCircle(imports.filter(one => !isOfOneThing(one)))
    expect(circle?.join(' -> ')).to.equal(undefined)
  })
})
