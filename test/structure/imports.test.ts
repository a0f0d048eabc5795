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
    expect(findCircle(imports)).to.equal(undefined)
  })
})
