import { expect } from 'chai'
import { compiled } from './compiled.js'

const HEAD = `import type { Generated } from 'kysely'
import { DbContext, decimal, many, one, text, integer, ensureCreated } from 'mayfly'
interface Shop {
  users: { id: Generated<number>; name: string; email: string | null }
  orders: { id: Generated<number>; userId: number; amount: string }
  lines: { orderId: number; position: number; text: string }
}
class ShopContext extends DbContext<Shop> {
  readonly users = this.set('users', { key: 'id', relations: { orders: many('orders', 'userId') } })
  readonly orders = this.set('orders', {
    key: 'id',
    columns: { amount: decimal() },
    relations: { user: one('users', 'userId') },
  })
  readonly lines = this.set('lines', { key: ['orderId', 'position'] })
}
declare const db: ShopContext
const user = (await db.users.first())!
void [user, text, integer, ensureCreated, many, decimal]
`

/** What does not compile, and what whoever wrote it reads. */
const WRONG: readonly (readonly [code: string, message: string])[] = [
  [
    'user.orders',
    "Property 'orders' does not exist on type '{ email: string | null; id: number; name: string; }'",
  ],
  ["db.users.where('age', '=', 1)", 'not assignable to parameter of type \'"email" | "id"'],
  ["db.users.where('name', 'in', 'Ada')", "parameter of type 'readonly string[] | Computed'"],
  [
    "db.users.where('name', '=', null)",
    "'null' is not assignable to parameter of type 'string | Computed'",
  ],
  [
    "db.users.where('id', '=', 'x')",
    "'string' is not assignable to parameter of type 'number | Computed'",
  ],
  [
    'db.lines.find({ orderId: 1 })',
    "Property 'position' is missing in type '{ orderId: number; }' but required",
  ],
  ["db.users.select('id').toMap('name')", '"name"\' is not assignable to parameter of type \'"id"'],
  ["db.users.select('age')", 'not assignable to parameter of type \'"email" | "id" | "name"'],
  ["db.users.orderBy('age')", 'not assignable to parameter of type \'"email" | "id" | "name"'],
  ["db.users.include('lines')", 'not assignable to parameter of type \'"orders"'],
  ["db.users.add({ name: 'Ada' })", "Property 'email' is missing in type '{ name: string; }'"],
  ["(await db.users.select('id').firstOrThrow()).name", "Property 'name' does not exist on type"],
  ["db.users.executeUpdate({ nmae: 'x' })", "'nmae' does not exist in type"],
  ['db.users.sum(true)', "'true' is not assignable to parameter of type 'NumberColumn<"],
  [
    "class A extends DbContext<Shop> { readonly u = this.set('usr', { key: 'id' }) }",
    'not assignable to parameter of type \'"lines" | "orders" | "users"',
  ],
  [
    "class B extends DbContext<Shop> { readonly o = this.set('orders', { key: 'id', columns: { amont: decimal() } }) }",
    "'amont' does not exist in type",
  ],
  [
    "class C extends DbContext<Shop> { readonly u = this.set('users', { key: 'id', relations: { orders: many('orders', 'usrId') } }) }",
    'Many<"orders", "usrId">',
  ],
  [
    "class D extends DbContext<Shop> { readonly u = this.set('users', { key: 'id', complete: true, columns: { id: integer().generated(), name: text() } }) }",
    "Property 'email' is missing in type",
  ],
  [
    "class E extends DbContext<Shop> { readonly u = this.set('users', { key: 'id', complete: true, columns: { id: integer().generated(), name: text(), email: text() } }) }",
    'Column<string, "required">',
  ],
]

describe('what does not compile', () => {
  it('U13: says so in words that name what there is', async function () {
    this.timeout(60_000)
    const lines = WRONG.map(([code]) => (code.startsWith('class ') ? code : `void (${code})`))
    const said = await compiled(`${HEAD}${lines.join('\n')}\nexport {}\n`, [])
    const first = HEAD.split('\n').length
    const messages = new Map<number, string>()
    let line = 0
    for (const text of said.split('\n')) {
      line = Number(/^[^(]*\((\d+),/.exec(text)?.[1] ?? line)
      messages.set(line, `${messages.get(line) ?? ''}${text}\n`)
    }
    for (const [i, [code, message]] of WRONG.entries())
      expect(messages.get(first + i), code).to.include(message)
    expect([...messages.keys()].filter(at => at > 0 && at < first)).to.deep.equal([])
  })
})
