import { expect } from 'chai'
import fc from 'fast-check'
import { sql } from 'kysely'
import { DatabaseError, DbContext, integer, InvalidArgumentError, json, text } from 'mayfly'
import type { ShopDatabase, TestDatabase } from '../support/databases.js'
import { databases } from '../support/databases.js'
import { failure } from '../support/deferred.js'

interface InputDatabase extends ShopDatabase {
  words: { word: string; doc: unknown }
}

class InputContext extends DbContext<InputDatabase> {
  readonly users = this.set('users', { key: 'id', columns: { id: integer() } })
  readonly bare = this.set('users', { key: 'id' })
  /** The same table with all of its columns. */
  readonly people = this.set('users', {
    key: 'id',
    complete: true,
    columns: { id: integer().generated(), name: text() },
  })
  readonly words = this.set('words', { key: 'word' })
  readonly documents = this.set('words', { key: 'word', columns: { word: text(), doc: json() } })
  readonly hidden = this.set('words', { key: 'word', filter: q => q.where('word', '!=', 'x') })
}

const HALF = 'a\ud800b'

/** What a body, a query string or a careless program may hold, beside arbitrary JSON. */
const wordings = [
  ['', '10', '1 or 1=1', "' or ''='", '= 1 or 1 =', 'id; drop table users', 'id desc', HALF],
  ['__proto__', 'constructor', 'a.b.c.d', '?', '@@', '==', 'nul\0', 'x'.repeat(30_000)],
].flat()
const numbers = [-1, -0, 1.5, 1e21, 2 ** 53, Number.NaN, Infinity, -Infinity, 10n ** 30n]
const plain = [true, false, null, undefined, Symbol('s'), Object('1'), Object(1), () => 1, /x/]
const lists = [[], [1], [[1]], [null], [undefined], [{}], new Float64Array(1), new ArrayBuffer(1)]
const objects = [
  [{}, { ref: 'id' }, { toString: () => '1' }, { toJSON: () => 1 }, { toOperationNode: 1 }],
  [
    Object.create(null),
    JSON.parse('{"__proto__":1}'),
    new Map(),
    new Date(Number.NaN),
    new Error(),
  ],
].flat()
const oddities = fc.constantFrom<unknown>(...wordings, ...numbers, ...plain, ...lists, ...objects)
const input: fc.Arbitrary<any> = fc.oneof(oddities, fc.jsonValue({ maxDepth: 2 }), fc.string())
const column = fc.oneof(fc.constantFrom('id', 'name', 'users.name'), input)
const operator = fc.oneof(
  fc.constantFrom('=', '!=', '<', '>=', 'in', 'not in', 'is', 'is not', 'like', 'not like'),
  input,
)

type Door = (people: any) => PromiseLike<unknown>
const comparison = fc.tuple(column, operator, input)
const doors: fc.Arbitrary<{ name: string; values: unknown[]; open: Door }> = fc.oneof(
  comparison.map(([c, o, v]) => ({
    name: 'where',
    values: [c, o, v],
    open: (people: any) => people.where(c, o, v).toList(),
  })),
  comparison.map(([c, o, v]) => ({
    name: 'where, count',
    values: [c, o, v],
    open: (people: any) => people.where(c, o, v).where('id', '>', 0).count(),
  })),
  ...Object.entries({
    'where(one)':
      (v: any): Door =>
      people =>
        people.where(v).any(),
    'where in':
      (v: any): Door =>
      people =>
        people.where('id', 'in', v).any(),
    'where like':
      (v: any): Door =>
      people =>
        people.where('name', 'like', v).first(),
    orderBy:
      (v: any): Door =>
      people =>
        people.orderBy(v).first(),
    orderByDescending:
      (v: any): Door =>
      people =>
        people.orderByDescending(v).toList(),
    thenBy:
      (v: any): Door =>
      people =>
        people.orderBy('id').thenBy(v).toList(),
    take:
      (v: any): Door =>
      people =>
        people.take(v).toList(),
    'take, count':
      (v: any): Door =>
      people =>
        people.take(v).count(),
    skip:
      (v: any): Door =>
      people =>
        people.skip(v).any(),
    find:
      (v: any): Door =>
      people =>
        people.find(v),
  }).map(([name, door]) => input.map(value => ({ name, values: [value], open: door(value) }))),
)

for (const { name, open, quote: q } of databases) {
  describe(`what comes from a request (${name})`, () => {
    let database: TestDatabase
    let db: InputContext
    const sent = () =>
      database.log.lines.filter(line => !line.endsWith('release')).map(line => line.slice(3))
    /** Whether there is a column of such a name, only a set that names them all can know; and PostgreSQL compares no number with a text. */
    const allowed = (complete: boolean) => [
      ...(complete ? [] : ['unknownColumn', 'unknownTable']),
      ...(name === 'PostgreSQL' ? ['value', 'other', 'syntax'] : []),
    ]
    const refused = async (give: () => PromiseLike<unknown>, ...texts: string[]) => {
      database.log.clear()
      const error = await failure(Promise.resolve().then(give))
      expect(error).to.be.instanceOf(InvalidArgumentError)
      for (const words of texts) expect(error.message).to.contain(words)
      expect(sent()).to.deep.equal([])
    }

    before(async () => {
      database = await open()
      db = new InputContext({ dialect: database.dialect })
      await sql
        .raw(
          `create table words (word varchar(50) primary key, doc ${name === 'PostgreSQL' ? 'jsonb' : 'text'})`,
        )
        .execute(db.kysely)
      await db.kysely
        .insertInto('users')
        .values([{ name: 'Ada' }, { name: 'Bob' }])
        .execute()
      await db.kysely.insertInto('words').values({ word: 'abc', doc: '[1]' }).execute()
    })
    after(async () => {
      await db.dispose()
      await database.close()
    })
    beforeEach(() => database.log.clear())

    it('U9: gives rows or an InvalidArgumentError, and nothing is sent for the latter', async () => {
      const property = fc.asyncProperty(doors, fc.boolean(), async ({ open: door }, complete) => {
        database.log.clear()
        try {
          await door(complete ? db.people : db.users)
        } catch (error) {
          if (error instanceof DatabaseError) {
            expect(allowed(complete)).to.include(error.kind)
            expect(error.message.length).to.be.below(3_000)
            return
          }
          expect(error).to.be.instanceOf(InvalidArgumentError)
          // A dialect that refuses a value of its own accord was reached, and its database was not.
          if (!(error as Error).message.includes('Nothing was sent'))
            expect(sent()).to.deep.equal([])
        }
      })
      await fc.assert(property, { numRuns: 1500 })
      expect(await db.users.count()).to.equal(2)
    })

    it('U9: half a character of text is refused by every door', async () => {
      await refused(() => db.users.where('name', '=', HALF).toList(), 'half of a character')
      await refused(() => db.users.where('name', 'in', ['a', HALF]).any(), 'half of a character')
      await refused(() => db.people.where('name', '=', HALF).toList(), 'well-formed text')
      await refused(() => db.words.find(HALF), 'half of a character')
      const insert = db.kysely.insertInto('words').values({ word: HALF, doc: '1' })
      await refused(() => insert.execute(), 'Parameter 1', 'half of a character')
      for (const doc of [{ a: HALF }, [HALF], { [HALF]: 1 }, '\\' + HALF])
        await refused(() => db.documents.where('doc', '=', doc).any(), 'words.doc takes')

      const whole = ['\\ud800', '😀', '\\\\ud800', 'ud800']
      for (const doc of whole)
        expect(await db.documents.where('doc', '=', { doc }).any()).to.equal(false)
    })

    it('U13: a list where one value is compared is refused, and the other way round', async () => {
      await refused(
        () => db.bare.where('id', '=', [1, 2] as never).toList(),
        '"=", which takes one',
      )
      await refused(() => db.bare.where('id', '=', [] as never).toList(), 'use in')
      await refused(() => db.users.where('name', 'like', ['A%'] as never).any(), '"like"')
      await refused(() => db.people.where('id', '!=', [1] as never).any(), 'users.id takes a whole')
      await refused(() => db.users.where('id', 'in', 1 as never).any(), '"in", which takes a list')
      await refused(() => db.users.where('id', 'not in', null as never).any(), 'Pass an array')
      await refused(() => db.users.where('id', 'is', 5 as never).any(), 'takes null, true or false')
      expect(await db.users.where('id', 'is not', null as never).count()).to.equal(2)
      expect(
        await db.users.where('id', 'in', eb => eb.selectFrom('users').select('id')).count(),
      ).to.equal(2)
      // A document may be a list.
      expect(await db.documents.where('doc', '=', [1]).count()).to.equal(1)
      expect(await db.documents.where('doc', 'in', [[1], [2]]).count()).to.equal(1)
    })

    it('U13: in nothing is false and not in nothing true, also in expressions and through kysely', async () => {
      const { users, kysely } = db
      const none = (list: never[]) => users.where(eb => eb('id', 'in', list))
      const all = (list: never[]) => users.where(eb => eb('id', 'not in', list))
      for (let i = 0; i < 3; i++) {
        expect([await none([]).count(), await all([]).count()]).to.deep.equal([0, 2])
        expect(await users.where(({ not, eb }) => not(eb('name', 'in', []))).count()).to.equal(2)
        const either = users.where(({ or, eb }) => or([eb('id', '=', 1), eb('id', 'in', [])]))
        expect(await either.count()).to.equal(1)
        const built = users.build(query => query.where('name', 'not in', []).where('id', '=', 1))
        expect(await built.toList()).to.deep.equal([{ id: 1, name: 'Ada' }])
        const query = kysely.selectFrom('users').select('id').where('id', 'in', [])
        expect(await query.execute()).to.deep.equal([])
        const other = kysely.selectFrom('users').select('id').where('id', 'not in', []).limit(1)
        expect(await other.execute()).to.have.length(1)
      }
    })

    it('U9: a number that no column of integers holds finds nothing', async () => {
      for (const beyond of [2 ** 31, -(2 ** 31) - 1, 99_999_999_999, Number.MAX_SAFE_INTEGER]) {
        expect(await db.users.find(beyond)).to.equal(undefined)
        expect(await db.users.where('id', '=', beyond).toList()).to.deep.equal([])
        expect(await db.users.where('id', 'in', [beyond, 1]).count()).to.equal(1)
        expect(await db.users.where('id', '<', beyond).count()).to.equal(beyond > 0 ? 2 : 0)
        expect(await db.users.orderBy('id').after({ id: beyond }).count()).to.equal(
          beyond > 0 ? 0 : 2,
        )
      }
      // SQLite has none, and says so.
      if (name === 'SQLite') return
      expect(await db.bare.where('id', '=', (2n ** 63n) as never).count()).to.equal(0)
      expect(await db.bare.where('id', '=', -(2n ** 70n) as never).count()).to.equal(0)
    })

    it('U9: what cannot be the name of a column is refused', async () => {
      for (const wrong of ['', '.', 'users.', 'a.b.c.d', HALF, 'a\0', 'x'.repeat(600)]) {
        await refused(() => db.users.orderBy(wrong as never).any(), 'needs the name of a column')
        await refused(() => db.users.where(wrong as never, '=', 1 as never).any(), 'compares a col')
      }
      await refused(() => db.users.orderBy('id desc' as never).any(), 'orderByDescending')
      const loose: any = db.users
      await refused(() => loose.orderBy('id', 'desc').any(), 'orderByDescending(column)')
      await refused(
        () => loose.orderBy('id').thenBy('id', 'desc').any(),
        'thenByDescending(column)',
      )
    })

    it('U13: an operator of another database is refused', async () => {
      const others = name === 'PostgreSQL' ? ['match', '<=>', '!<'] : ['ilike', '?', '@@', '&&']
      for (const other of [...others, '!!', '->', '<->', '+', '||'])
        await refused(() => db.users.where('id', other as never, 1 as never).any(), 'an operator')
      expect(await db.users.where('id', '==' as '=', 1).count()).to.equal(1)
    })

    it('U9: a key of another type finds no other row', async () => {
      await refused(() => db.people.find('1 or 1=1' as never), 'users.id takes a whole number')
      await refused(() => db.documents.find(0 as never), 'words.word takes')
      // Without a declared type the server may take one for the other.
      for (const [find, words] of [
        [() => db.bare.find('1 or 1=1' as never), 'got a string for its key id, which is a number'],
        [() => db.bare.find('2abc' as never), 'Number(req.params.id)'],
        [() => db.words.find(0 as never), 'got a number for its key word, which is a string there'],
        [() => db.hidden.find(0 as never), 'got a number for its key word'],
      ] as const) {
        const found: unknown = await find().catch((error: unknown) => error)
        if (found === undefined || (found instanceof DatabaseError && found.kind === 'value'))
          continue
        expect(found).to.be.instanceOf(InvalidArgumentError)
        expect((found as Error).message).to.contain(words)
      }
      expect(await db.bare.find('2' as never)).to.have.property('name', 'Bob')
      expect(await db.bare.find(2n as never)).to.have.property('name', 'Bob')
      expect(await db.words.find('abc')).to.have.property('word', 'abc')
    })

    it('any() asks for no column, in no order', async () => {
      expect(await db.users.where('id', '=', 1).orderBy('name').any()).to.equal(true)
      expect(await db.users.where('id', '=', 9).any()).to.equal(false)
      expect(await db.users.take(0).any()).to.equal(false)
      expect(await db.users.orderBy('id').skip(2).any()).to.equal(false)
      expect(await db.users.skip(1).any()).to.equal(true)
      expect(sent()[0]?.replace('$1', '?')).to.equal(
        `select 1 as ${q}present${q} from ${q}users${q} where ${q}id${q} = ? limit 1`,
      )
      const both = db.users.build(query =>
        query.innerJoin('words', 'words.word', 'users.name').selectAll(),
      )
      expect(await both.any()).to.equal(false)
      const groups = db.users.build(query =>
        query
          .select('name')
          .groupBy('name')
          .having(sql<boolean>`count(*) = 1`),
      )
      expect([
        await groups.any(),
        await groups.skip(2).any(),
        await groups.take(0).any(),
      ]).to.deep.equal([true, false, false])
    })

    it('U9: no name of a column changes the prototype of a row', async () => {
      const query = sql`select ${sql.lit(1)} as one, x'7878' as ${sql.id('__proto__')}`
      const { rows } = await query.execute(db.kysely).catch((error: unknown) => {
        expect(error).to.be.instanceOf(DatabaseError)
        return { rows: [] }
      })
      for (const row of rows) {
        expect(Object.getPrototypeOf(row)).to.equal(Object.prototype)
        expect(Object.keys(row as object)).to.deep.equal(['one', '__proto__'])
      }
      expect(rows).to.have.length(q === '`' ? 0 : 1)
      expect(await db.users.count()).to.equal(2)
    })
  })
}
