import { expect } from 'chai'
import fc from 'fast-check'
import { DatabaseError, UpdateConcurrencyError, type EntityState } from 'mayfly'
import { databases } from '../support/databases.js'
import { failure } from '../support/deferred.js'
import { assertPrograms, RolledBack, runsOf, SEED } from './random-programs.js'
import { openUnit, type Unit, type UnitContext } from './unit.js'

type Step =
  | { do: 'add' | 'upsert' | 'save' | 'failing save' | 'find all' }
  | { do: Single; which: number; to: number }
  | { do: 'transaction'; steps: Step[]; fails: boolean }
  | { do: 'call off'; steps: Step[] }

type Single = 'change' | 'remove' | 'reload' | 'change by others' | 'take the name'

const picked = { which: fc.nat(20), to: fc.nat(3) }
const { step } = fc.letrec<{ step: Step; steps: Step[] }>(tie => ({
  step: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('add' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('upsert' as const) }) },
    { weight: 5, arbitrary: fc.record({ do: fc.constant('save' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('failing save' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('find all' as const) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('change' as const), ...picked }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), ...picked }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('reload' as const), ...picked }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('take the name' as const), ...picked }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('call off' as const), steps: tie('steps') }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('change by others' as const), ...picked }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('transaction' as const),
        steps: tie('steps'),
        fails: fc.boolean(),
      }),
    },
  ),
  steps: fc.array(tie('step'), { maxLength: 6, size: 'max' }),
}))

interface User {
  id?: number
  name: string
  email: string | null
  version?: number
}

interface Row {
  readonly name: string
  readonly email: string | null
}

const rowOf = ({ name, email }: User): Row => ({ name, email })
const isSame = (a: Row, b: Row) => a.name === b.name && a.email === b.email

/** What a unit of work is to a user: the rows that are stored, and the rows that he wants. */
class Model {
  readonly all: User[] = []
  wanted = new Map<User, Row>()
  stored = new Map<User, Row>()
  /** What the context has seen of the stored rows. */
  seen = new Map<User, Row>()
  /** Rows that others have changed since this context has seen them, and how often. */
  moved = new Map<User, number>()
  /** What others have written. */
  theirs = new Map<User, Row>()
  /** Rows that were read anew in the open transaction: what others have written stays when it is rolled back. */
  reread = new Set<User>()

  stateOf(user: User): EntityState {
    const [isWanted, isStored] = [this.wanted.has(user), this.stored.has(user)]
    if (!isStored) return isWanted ? 'added' : 'detached'
    if (!isWanted) return 'deleted'
    return isSame(this.wanted.get(user)!, this.seen.get(user)!) ? 'unchanged' : 'modified'
  }

  get changes(): User[] {
    return this.all.filter(user => ['added', 'deleted', 'modified'].includes(this.stateOf(user)))
  }

  store(): void {
    this.stored = new Map(this.wanted)
    for (const user of this.moved.keys())
      if (this.stored.has(user)) this.stored.set(user, this.theirs.get(user)!)
    this.seen = new Map(this.wanted)
  }

  /** What was changed stays, and everything else is what others have written. */
  refresh(user: User): void {
    const [theirs, seen, wanted] = [this.theirs, this.seen, this.wanted].map(map => map.get(user)!)
    if (wanted)
      this.wanted.set(user, {
        name: wanted.name === seen!.name ? theirs!.name : wanted.name,
        email: wanted.email === seen!.email ? theirs!.email : wanted.email,
      })
    this.seen.set(user, theirs!)
    this.moved.delete(user)
    this.reread.add(user)
  }

  reload(user: User): void {
    if (this.moved.delete(user)) {
      this.stored.set(user, this.theirs.get(user)!)
      this.reread.add(user)
    }
    this.wanted.set(user, this.stored.get(user)!)
    this.seen.set(user, this.stored.get(user)!)
  }
}

let names = 0

class Program {
  readonly #unit: Unit
  readonly #db: UnitContext
  readonly #model = new Model()
  #depth = 0

  constructor(unit: Unit) {
    this.#unit = unit
    this.#db = unit.another()
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const one of steps) {
      await this.#do(one)
      this.#check()
    }
    if (this.#depth > 0) return
    await this.#save()
    this.#check()
    await this.#checkRows()
    await this.#db.dispose()
  }

  async #do(one: Step): Promise<void> {
    switch (one.do) {
      case 'add':
        return this.#add(`user ${++names}`)
      case 'upsert':
        return this.#add(`user ${++names}`, true)
      case 'save':
        return this.#save()
      case 'failing save':
        return this.#failingSave()
      case 'find all':
        return this.#findAll()
      case 'transaction':
        return this.#transaction(one.steps, one.fails)
      case 'call off':
        return this.#callOff(one.steps)
      default:
        return this.#withOne(one)
    }
  }

  /** What may be another row since a transaction was rolled back is read anew, changes by others among it. */
  async #findAll(): Promise<void> {
    const before = new Map(this.#model.all.map(user => [user, user.version]))
    await this.#db.users.toList()
    for (const user of this.#model.moved.keys())
      if (user.version !== before.get(user)) this.#model.refresh(user)
  }

  async #withOne({ do: what, which, to }: Extract<Step, { which: number }>): Promise<void> {
    const model = this.#model
    const known = model.all.filter(one => model.stateOf(one) !== 'detached')
    const user = known[which % Math.max(known.length, 1)]
    if (!user) return
    const state = model.stateOf(user)
    if (what === 'change') {
      if (state === 'deleted') return
      user.email = `mail ${to}`
      model.wanted.set(user, rowOf(user))
    } else if (what === 'take the name') this.#takeName(user, known[to % known.length]!)
    else if (what === 'remove') {
      if (state === 'deleted') return
      // A row that was changed and then removed is removed as it was loaded.
      this.#db.users.remove(user as never)
      model.wanted.delete(user)
    } else if (state !== 'unchanged' && state !== 'modified') return
    else if (what === 'reload') {
      await this.#db.entry(user).reload()
      model.reload(user)
      expect(rowOf(user)).to.deep.equal(model.wanted.get(user))
      this.#tellApart()
    } else if (this.#depth === 0) await this.#changeByOthers(user, to)
  }

  /** A unique value moves from one row to another, which the order of the writes has to follow. */
  #takeName(user: User, other: User): void {
    const { wanted } = this.#model
    if (user === other || !wanted.has(user) || !wanted.has(other)) return
    const { name } = other
    this.#rename(other, `user ${++names}`)
    this.#rename(user, name)
  }

  #rename(user: User, name: string): void {
    user.name = name
    this.#model.wanted.set(user, rowOf(user))
  }

  /** After a row was read anew, and has the name that another one was to take. */
  #tellApart(): void {
    const { wanted, stored } = this.#model
    for (const user of wanted.keys())
      for (const [other, { name }] of wanted)
        if (other !== user && name === user.name && stored.get(user)?.name !== name)
          this.#rename(user, `user ${++names}`)
  }

  #add(name: string, isUpsert = false): void {
    const user: User = { name, email: null }
    if (isUpsert) this.#db.users.upsert(user, { onConflict: ['name'] })
    else this.#db.users.add(user)
    this.#model.all.push(user)
    this.#model.wanted.set(user, rowOf(user))
  }

  async #changeByOthers(user: User, to: number): Promise<void> {
    const other = this.#unit.another()
    const row = (await other.users.find(user.id!))!
    row.email = `theirs ${to} ${++names}`
    await other.saveChanges()
    await other.dispose()
    this.#model.moved.set(user, (this.#model.moved.get(user) ?? 0) + 1)
    this.#model.theirs.set(user, rowOf(row))
    this.#model.stored.set(user, rowOf(row))
  }

  async #save(): Promise<void> {
    const model = this.#model
    const { changes } = model
    const losers = changes.filter(user => model.moved.has(user))
    if (losers.length > 0) {
      const error = await failure(this.#db.saveChanges())
      expect(error).to.be.instanceOf(UpdateConcurrencyError)
      for (const user of error.entities as User[]) expect(losers).to.include(user)
      for (const user of losers) {
        await this.#db.entry(user).reload()
        model.reload(user)
      }
      this.#tellApart()
      return this.#save()
    }
    expect(await this.#db.saveChanges()).to.equal(changes.length)
    model.store()
  }

  async #failingSave(): Promise<void> {
    const { stored, wanted } = this.#model
    const [taken] = [...stored].flatMap(([user, { name }]) =>
      wanted.get(user)?.name === name ? [user] : [],
    )
    if (!taken || this.#model.changes.some(user => this.#model.moved.has(user))) return
    this.#add(taken.name)
    const user = this.#model.all.at(-1)!
    const error = await failure(this.#db.saveChanges())
    expect(error).to.be.instanceOf(DatabaseError).and.include({ kind: 'unique' })
    expect(error.entities).to.deep.equal([user])
    this.#rename(user, `user ${++names}`)
  }

  /** What was done since a checkpoint is as if it had not been. */
  async #callOff(steps: readonly Step[]): Promise<void> {
    const { wanted, seen, moved, reread } = this.#model
    const before = {
      wanted: new Map(wanted),
      seen: new Map(seen),
      moved: new Map(moved),
      reread: new Set(reread),
    }
    const checkpoint = this.#db.changeTracker.checkpoint()
    await this.#transaction(steps, true)
    this.#db.changeTracker.restore(checkpoint)
    Object.assign(this.#model, before)
    for (const [user, row] of before.wanted) expect(rowOf(user)).to.deep.equal(row)
  }

  async #transaction(steps: readonly Step[], fails: boolean): Promise<void> {
    const model = this.#model
    const before = { stored: new Map(model.stored), seen: new Map(model.seen) }
    const outer = model.reread
    model.reread = new Set()
    this.#depth++
    try {
      await this.#db.transaction(async () => {
        await this.run(steps)
        if (fails) throw new RolledBack()
      })
    } catch (error) {
      if (!(error instanceof RolledBack)) throw error
      for (const user of model.reread)
        for (const map of [before.stored, before.seen]) map.set(user, model.theirs.get(user)!)
      Object.assign(model, before)
    } finally {
      this.#depth--
      model.reread = new Set([...outer, ...model.reread])
    }
  }

  #check(): void {
    for (const user of this.#model.all)
      expect(this.#db.entry(user).state, user.name).to.equal(this.#model.stateOf(user))
    expect(this.#db.changeTracker.hasChanges()).to.equal(this.#model.changes.length > 0)
  }

  async #checkRows(): Promise<void> {
    const rows = await this.#unit.another({ tracking: false }).users.toList()
    const mine = [...this.#model.stored.keys()]
    const stored = rows.filter(({ name }) => mine.some(user => user.name === name))
    expect(stored).to.have.deep.members(
      mine.map(user => ({
        id: user.id,
        ...this.#model.stored.get(user),
        version: user.version! + (this.#model.moved.get(user) ?? 0),
      })),
    )
    expect(rows).to.have.length(mine.length)
    await this.#unit.db.users.executeDelete()
  }
}

for (const [kind, renamed] of databases.flatMap(
  one =>
    [
      [one, false],
      [one, true],
    ] as const,
)) {
  const usual = kind.family === 'sqlite' && !renamed ? 500 : 100
  const runs = runsOf(usual)

  describe(`random units of work (${kind.name}${renamed ? ', columns of other names' : ''})`, function () {
    this.timeout(120_000)
    let unit: Unit
    before(async () => {
      unit = await openUnit(kind, renamed)
    })
    after(() => unit.close())

    it(`U1, U4, U5, U11: ${runs} of them end with the rows of a plain model, and a tracker that says so (seed ${SEED})`, async () => {
      await assertPrograms(step, runs, steps => new Program(unit).run(steps))
    })
  })
}
