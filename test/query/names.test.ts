import { expect } from 'chai'
import { CamelCasePlugin, sql, type Generated } from 'kysely'
import {
  column,
  dateTime,
  DbContext,
  decimal,
  integer,
  InvalidArgumentError,
  many,
  modelOf,
  one,
  RegistrationError,
  text,
  type DbContextOptions,
  type InferDatabase,
  type MayflyDialect,
} from 'mayfly'
import { sqlite } from 'mayfly/sqlite'
import { databases, type EmptyDatabase } from '../support/databases.js'
import { failure } from '../support/deferred.js'
import { logged, type ConnectionLog } from '../support/logged-dialect.js'

const tables = {
  authors: {
    id: integer().generated(),
    fullName: column('usr_name', text()),
    bornOn: column('born', text()).nullable(),
  },
}

interface Library extends InferDatabase<typeof tables> {
  books: {
    id: Generated<number>
    authorId: number
    title: string
    price: string
    createdAt: Date
    line_1: string | null
  }
  reviews: { bookId: number; readerNo: number; stars: number; version: Generated<number> }
}

/** Names by a rule, and some that are told. */
class LibraryContext extends DbContext<Library> {
  hidden: string | undefined
  readonly authors = this.set('authors', {
    key: 'id',
    complete: true,
    columns: tables.authors,
    relations: { books: many('books', 'authorId') },
  })
  readonly books = this.set('books', {
    key: 'id',
    columns: { createdAt: dateTime(), price: decimal({ scale: 2 }), title: column('book_title') },
    relations: { author: one('authors', 'authorId'), reviews: many('reviews', 'bookId') },
  })
  readonly shown = this.set('books', {
    key: 'id',
    columns: { createdAt: dateTime(), price: decimal({ scale: 2 }), title: column('book_title') },
    filter: {
      where: q => (this.hidden === undefined ? q : q.where('title', '!=', this.hidden)),
      forSaves: true,
    },
  })
  readonly reviews = this.set('reviews', {
    key: ['bookId', 'readerNo'],
    version: 'version',
    references: { bookId: 'books' },
  })

  constructor(options: DbContextOptions) {
    super({ ...options, naming: 'snake_case' })
  }
}

const at = (day: number) => new Date(Date.UTC(2026, 0, day))

for (const kind of databases) {
  describe(`names of columns (${kind.name})`, () => {
    let empty: EmptyDatabase
    let dialect: MayflyDialect
    let log: ConnectionLog
    let db: LibraryContext
    const sent = () =>
      log.lines.filter(line => !line.endsWith('release')).map(line => line.slice(3))
    const t = (statement: string) => statement.replaceAll('"', kind.quote)

    before(async () => {
      empty = await kind.create('names')
      ;({ dialect, log } = logged(kind.dialect(empty.url)))
      await using setup = new DbContext({ dialect })
      const { types } = kind
      for (const statement of [
        `create table authors (id ${types.id}, usr_name varchar(50) not null unique, born varchar(20))`,
        `create table books (id ${types.id}, author_id integer not null, book_title varchar(50) not null, price ${types.amount} not null, created_at ${types.dateTime} not null, line_1 varchar(20), foreign key (author_id) references authors (id))`,
        'create table reviews (book_id integer not null, reader_no integer not null, stars integer not null, version integer not null default 1, primary key (book_id, reader_no))',
      ])
        await sql.raw(statement).execute(setup.kysely)
    })
    beforeEach(() => {
      db = new LibraryContext({ dialect })
      log.clear()
    })
    afterEach(async () => {
      await db.reviews.executeDelete()
      await db.books.executeDelete()
      await db.authors.executeDelete()
      await db.dispose()
    })
    after(() => empty.drop())

    async function filled(): Promise<void> {
      const ada = db.authors.add({ fullName: 'Ada' })
      const bob = db.authors.add({ fullName: 'Bob', bornOn: '1900' })
      const books = [1, 2, 3].map(n =>
        db.books.add({
          author: n < 3 ? ada : bob,
          title: `Book ${n}`,
          price: `${n}.50`,
          createdAt: at(n),
        } as never),
      )
      await db.saveChanges()
      db.reviews.addRange(
        books.map(({ id }, i) => ({ bookId: id, readerNo: i, stars: i + 1, version: 1 })),
      )
      await db.saveChanges()
      db.changeTracker.clear()
      log.clear()
    }

    it('sets read, find, filter, order and page by the names of properties', async () => {
      await filled()
      const books = await db.books.orderByDescending('createdAt').toList()
      expect(Object.keys(books[0]!).toSorted()).to.deep.equal(
        ['authorId', 'createdAt', 'id', 'line_1', 'price', 'title'].toSorted(),
      )
      expect(books.map(({ title, price, createdAt }) => [title, price, createdAt])).to.deep.equal([
        ['Book 3', '3.50', at(3)],
        ['Book 2', '2.50', at(2)],
        ['Book 1', '1.50', at(1)],
      ])
      for (let i = 0; i < 3; i++) {
        db.changeTracker.clear()
        expect((await db.books.find(books[0]!.id))!.title).to.equal('Book 3')
        expect((await db.authors.where('fullName', '=', 'Bob').firstOrThrow()).bornOn).to.equal(
          '1900',
        )
        expect(await db.books.where('createdAt', '>', at(1)).count()).to.equal(2)
        expect(await db.books.where(eb => eb('createdAt', '>', at(2))).count()).to.equal(1)
        expect(await db.books.where('books.title', 'in', ['Book 1', 'x']).any()).to.equal(true)
        expect(await db.books.contains('title', 'ook').sum('price')).to.equal('7.50')
      }
      const page = db.books.orderBy('createdAt').thenBy('title')
      expect((await page.after(books[1]).toList()).map(({ id }) => id)).to.deep.equal([
        books[0]!.id,
      ])
      expect((await page.page({ size: 2, number: 2 })).rows).to.have.length(1)
      expect(await db.books.select('title', 'createdAt').orderBy('id').toList()).to.deep.equal(
        [1, 2, 3].map(n => ({ title: `Book ${n}`, createdAt: at(n) })),
      )
      expect(await db.books.select('authorId').distinct().count()).to.equal(2)
      expect(await db.books.take(2).max('createdAt')).to.deep.equal(at(2))
      const streamed: string[] = []
      for await (const { title } of db.books.orderBy('id')) streamed.push(title)
      expect(streamed).to.deep.equal(['Book 1', 'Book 2', 'Book 3'])
    })

    it('relations and saves speak of properties, and the statements of columns', async () => {
      await filled()
      const [ada] = await db.authors
        .include('books', db.books.include('reviews').orderBy('id'))
        .orderBy('id')
        .toList()
      expect(ada!.books.map(({ title, reviews }) => [title, reviews[0]!.stars])).to.deep.equal([
        ['Book 1', 1],
        ['Book 2', 2],
      ])
      log.clear()
      ada!.fullName = 'Ada L.'
      ada!.books[0]!.price = '9.99'
      ada!.books[1]!.price = '8.88'
      expect(db.entry(ada!).isModified('fullName')).to.equal(true)
      expect(await db.saveChanges()).to.equal(3)
      expect(sent().some(line => line.includes(t('"usr_name" =')))).to.equal(true)
      expect(sent().join()).to.not.match(/fullName|authorId/)
      const review = ada!.books[0]!.reviews[0]!
      review.stars = 5
      await db.saveChanges()
      expect(review.version).to.equal(2)
      await using other = new LibraryContext({ dialect })
      expect(await other.books.where('price', '=', '9.99').count()).to.equal(1)
      const same = (await other.reviews.find({ bookId: review.bookId, readerNo: review.readerNo }))!
      same.stars = 1
      await other.saveChanges()
      review.stars = 2
      expect(await failure(db.saveChanges())).to.include({ code: 'MAYFLY_UPDATE_CONCURRENCY' })
      await db.entry(review).reload()
      expect(review).to.include({ stars: 1, version: 3 })
      db.reviews.remove(review)
      expect(await db.saveChanges()).to.equal(1)
    })

    it('several rows that are not there are told apart, and a filter holds for saves', async () => {
      await filled()
      const [first, second] = await db.reviews.orderBy('bookId').toList()
      await db.reviews.where('bookId', '=', first!.bookId).executeDelete()
      const fresh = new LibraryContext({ dialect })
      fresh.reviews.attach({ ...first! }).stars = 4
      fresh.reviews.attach({ ...second! }).stars = 4
      const error: any = await failure(fresh.saveChanges())
      expect(error).to.include({ code: 'MAYFLY_UPDATE_CONCURRENCY' })
      expect(error.entities.map(({ bookId }: any) => bookId)).to.deep.equal([first!.bookId])
      fresh.changeTracker.clear()
      const [book] = await db.books.orderBy('id').toList()
      fresh.hidden = book!.title
      fresh.shown.remove({ id: book!.id })
      expect(await failure(fresh.saveChanges())).to.include({ code: 'MAYFLY_UPDATE_CONCURRENCY' })
      await fresh.dispose()
      expect(await db.books.where('title', '=', 'Book 1').executeUpdate({ title: 'B' })).to.equal(1)
      expect(await db.books.where('title', '=', 'B').any()).to.equal(true)
    })

    it('kysely has the same names: joins, parts, groups, writes', async () => {
      await filled()
      const { kysely } = db
      expect(
        await kysely
          .selectFrom('books as b')
          .innerJoin('authors as a', 'a.id', 'b.authorId')
          .select(['a.fullName', 'b.title', 'b.createdAt'])
          .where('b.title', '!=', 'x')
          .orderBy('b.createdAt', 'desc')
          .execute()
          .then(rows => rows.map(({ fullName, title }) => [fullName, title])),
      ).to.deep.equal([
        ['Bob', 'Book 3'],
        ['Ada', 'Book 2'],
        ['Ada', 'Book 1'],
      ])
      const all = await kysely.selectFrom('books').selectAll().orderBy('id').execute()
      expect(all[0]).to.include.keys('authorId', 'title', 'line_1')
      expect(all[0]).to.not.include.keys('author_id', 'book_title', 'line1')
      const plain = await kysely.withoutPlugins().selectFrom('books').selectAll().execute()
      expect(plain[0]).to.include.keys('author_id', 'book_title')
      const grouped = await kysely
        .with('recent', q => q.selectFrom('books').select(['authorId', 'title']))
        .selectFrom('recent')
        .innerJoin('authors', 'authors.id', 'recent.authorId')
        .select(eb => ['fullName', eb.fn.count<number>('recent.title').as('bookCount')])
        .groupBy(['fullName'])
        .orderBy('bookCount', 'desc')
        .execute()
      expect(grouped.map(({ fullName, bookCount }) => [fullName, `${bookCount}`])).to.deep.equal([
        ['Ada', '2'],
        ['Bob', '1'],
      ])
      const inner = await kysely
        .selectFrom(eb =>
          eb
            .selectFrom('books')
            .selectAll()
            .select('price as fullPrice')
            .where('authorId', '>', 0)
            .as('x'),
        )
        .select(['x.title', 'x.authorId', eb => eb.cast<string>('x.fullPrice', 'char(4)').as('p')])
        .where('x.title', '=', 'Book 3')
        .execute()
      expect(inner).to.deep.equal([{ title: 'Book 3', authorId: all[2]!.authorId, p: inner[0]!.p }])
      expect(inner[0]!.p).to.match(/^3\.50?$/)
      const exists = await kysely
        .selectFrom('authors')
        .select('fullName')
        .where(eb =>
          eb.exists(
            kysely
              .selectFrom('books')
              .select('title')
              .whereRef('books.authorId', '=', 'authors.id' as never)
              .where('title', '=', 'Book 3'),
          ),
        )
        .execute()
      expect(exists).to.deep.equal([{ fullName: 'Bob' }])
      await kysely
        .insertInto('books')
        .columns(['authorId', 'title', 'price', 'createdAt'])
        .expression(
          kysely
            .selectFrom('books')
            .select(['authorId', sql<string>`'Copy'`.as('title'), 'price', 'createdAt'])
            .where('title', '=', 'Book 1'),
        )
        .execute()
      await kysely
        .updateTable('books')
        .set(eb => ({ title: 'Copied', authorId: eb.ref('authorId') }))
        .where('title', '=', 'Copy')
        .execute()
      expect(await db.books.where('title', '=', 'Copied').count()).to.equal(1)
      const gone = await kysely.deleteFrom('books').where('title', '=', 'Copied').execute()
      expect(Number(gone[0]!.numDeletedRows)).to.equal(1)
      if (kind.family !== 'mysql') {
        const [made] = await kysely
          .insertInto('authors')
          .values({ fullName: 'Cy' })
          .onConflict(oc =>
            oc.column('fullName').doUpdateSet(eb => ({ bornOn: eb.ref('excluded.bornOn') })),
          )
          .returningAll()
          .execute()
        expect(made).to.include({ fullName: 'Cy', bornOn: null })
        const [named] = await kysely
          .updateTable('authors')
          .set({ bornOn: 'x' })
          .where('fullName', '=', 'Cy')
          .returning(['bornOn', 'fullName'])
          .execute()
        expect(named).to.deep.equal({ bornOn: 'x', fullName: 'Cy' })
      }
    })

    it('what build makes has the names and values of the columns', async () => {
      await filled()
      const rows = await db.books
        .build(q =>
          q
            .innerJoin('authors', 'authors.id', 'books.authorId')
            .select(['books.createdAt', 'authors.fullName as writer', 'books.price']),
        )
        .where('books.createdAt', '>', at(2))
        .toList()
      expect(rows).to.deep.equal([{ createdAt: at(3), writer: 'Bob', price: '3.50' }])
      const whole = await db.books.build(q => q.where('title', '=', 'Book 2')).toList()
      expect(whole[0]).to.include({ title: 'Book 2', price: '2.50' })
      expect(await db.books.build(q => q.where('title', '=', 'Book 2')).count()).to.equal(1)
    })
  })
}

describe('names that cannot be', () => {
  const dialect = sqlite(':memory:')

  const declared = (make: (db: any) => unknown, options: Partial<DbContextOptions> = {}) => {
    class Odd extends DbContext<any> {
      readonly made = make(this)
    }
    return failure(Promise.resolve().then(() => new Odd({ dialect, ...options })))
  }

  it('are told where they are declared', async () => {
    const two = (db: any) => {
      db.set('t', { key: 'id', columns: { userId: column('user_id') } })
      db.set('t', { key: 'id', columns: { userId: column('uid') } })
    }
    for (const [make, options, words] of [
      [two, {}, 'one name each'],
      [
        (db: any) => db.set('t', { key: 'id', columns: { a: column('x'), b: column('x') } }),
        {},
        'one name each',
      ],
      [
        (db: any) => db.set('t', { key: 'id', columns: { a: column('b'), b: column('a') } }),
        {},
        'one name each',
      ],
      [
        (db: any) => db.set('t', { key: 'id', columns: { user_id: text() } }),
        { naming: 'snake_case' },
        'reads back as userId',
      ],
      [() => 1, { naming: 'kebab-case' as never }, "'snake_case'"],
      [() => 1, { plugins: [{}] as never }, 'a list of Kysely plugins'],
      [
        (db: any) => db.set('t', { key: 'id', complete: true, columns: { id: column('x') } }),
        {},
        'does not say the type of id',
      ],
    ] as const) {
      const error = await declared(make, options)
      expect(error).to.be.instanceOf(RegistrationError)
      expect(error.message).to.include(words)
    }
    for (const wrong of ['', 'a.b', 7, undefined, 'a\0'])
      expect(() => column(wrong as never)).to.throw(InvalidArgumentError, "column('user_id')")
    expect(() => column('x', 7 as never)).to.throw(InvalidArgumentError, 'column type')
  })

  it('modelOf tells the names, and contexts share what was declared with the same words', () => {
    expect([...modelOf(LibraryContext).sets.authors.columnNames]).to.deep.equal([
      ['fullName', 'usr_name'],
      ['bornOn', 'born'],
    ])
    expect(column('x', text())).to.equal(column('x', text()))
    expect(column('x')).to.equal(column('x'))
    expect(column('x', text()).nullable()).to.include({ columnName: 'x', rule: 'nullable' })
  })

  it("plugins of Kysely are the context's, for its kysely", async () => {
    await using db = new DbContext<{ things: { someName: string } }>({
      dialect,
      plugins: [new CamelCasePlugin()],
    })
    await sql`create table things (some_name text)`.execute(db.kysely)
    await db.kysely.insertInto('things').values({ someName: 'x' }).execute()
    expect(await db.kysely.selectFrom('things').selectAll().execute()).to.deep.equal([
      { someName: 'x' },
    ])
  })
})
