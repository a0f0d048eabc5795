import { expect } from 'chai'
import fc from 'fast-check'
import { DbContext, many, oneOrNone } from 'mayfly'
import { databases } from '../support/databases.js'
import { assertPrograms, RolledBack, runsOf, SEED } from './random-programs.js'
import { openUnit, type Unit, type UnitDatabase } from './unit.js'

type Step =
  | { do: 'save' | 'look' }
  | { do: 'add' | 'move' | 'remove'; which: number; to: number }
  | { do: 'transaction'; steps: Step[]; fails: boolean }

const picked = { which: fc.nat(20), to: fc.nat(20) }
const { step } = fc.letrec<{ step: Step; steps: Step[] }>(tie => ({
  step: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 5, arbitrary: fc.record({ do: fc.constant('add' as const), ...picked }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('move' as const), ...picked }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), ...picked }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('save' as const) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('look' as const) }) },
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

interface Part {
  id?: number
  name: string
  partOf?: number | null
}

/** Trees of parts, which go with what they are parts of. */
class Families extends DbContext<UnitDatabase> {
  readonly parts = this.set('parts', {
    key: 'id',
    relations: {
      whole: oneOrNone('parts', 'partOf'),
      parts: many('parts', 'partOf', { onRemove: 'cascade' }),
    },
  })
}

let names = 0

/** Each part with what it is a part of: as it is wanted, as it is stored, and as it was when it was last saved or read. */
class Program {
  readonly #unit: Unit
  readonly #db: Families
  readonly #all: Part[] = []
  #wanted = new Map<Part, Part | null>()
  #stored = new Map<Part, Part | null>()
  #depth = 0
  /** What was stored before the transaction that is open. */
  #lasting: ReadonlyMap<Part, Part | null> | undefined

  constructor(unit: Unit) {
    this.#unit = unit
    this.#db = new Families({ dialect: unit.dialect })
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const one of steps) {
      await this.#do(one)
      this.#check()
    }
    if (this.#depth > 0) return
    await this.#save()
    await this.#look()
    await this.#checkRows()
    for (const part of this.#wanted.keys()) this.#db.parts.remove(part as never)
    await this.#db.saveChanges()
    expect(await this.#db.parts.count()).to.equal(0)
    await this.#db.dispose()
  }

  async #do(one: Step): Promise<void> {
    switch (one.do) {
      case 'save':
        return this.#save()
      case 'look':
        return this.#look()
      case 'transaction':
        return this.#transaction(one.steps, one.fails)
      default:
        return this.#withOne(one)
    }
  }

  #withOne({ do: what, which, to }: Extract<Step, { which: number }>): void {
    const known = [...this.#wanted.keys()]
    const part = known[which % Math.max(known.length, 1)]
    const whole = known[to % (known.length + 1)] ?? null
    if (what === 'add') this.#add(whole, which % 2 === 0)
    else if (part && what === 'remove') this.#remove(part)
    else if (part) this.#move(part, whole)
  }

  /** By its key, or as the object, which may be a new one itself. */
  #add(whole: Part | null, byKey: boolean): void {
    const part: Part = { name: `part ${++names}` }
    if (!whole) part.partOf = null
    else if (byKey && this.#hasLastingKey(whole)) part.partOf = whole.id!
    else Object.assign(part, { whole })
    this.#db.parts.add(part)
    this.#all.push(part)
    this.#wanted.set(part, whole)
  }

  /** Never into itself. */
  #move(part: Part, whole: Part | null): void {
    for (let one = whole; one; one = this.#wanted.get(one) ?? null) if (one === part) return
    if (!this.#stored.has(part) || (whole && !this.#hasLastingKey(whole))) return
    part.partOf = whole?.id ?? null
    this.#wanted.set(part, whole)
  }

  /** A key that a rollback would take back is no key for others. */
  #hasLastingKey(part: Part): boolean {
    return this.#stored.has(part) && (this.#lasting?.has(part) ?? true)
  }

  #remove(part: Part): void {
    this.#db.parts.remove(part as never)
    this.#forget(part)
  }

  #forget(part: Part): void {
    this.#wanted.delete(part)
    for (const [other, whole] of this.#wanted) if (whole === part) this.#forget(other)
  }

  async #save(): Promise<void> {
    const changes = this.#all.filter(part => this.#stateOf(part) !== 'unchanged')
    const count = changes.filter(part => this.#stateOf(part) !== 'detached').length
    expect(await this.#db.saveChanges()).to.equal(count)
    this.#stored = new Map(this.#wanted)
  }

  /** What is related, where nothing has changed since the last save. */
  async #look(): Promise<void> {
    if (this.#all.some(part => !['unchanged', 'detached'].includes(this.#stateOf(part)))) return
    const rows = await this.#db.parts.include('parts').include('whole').toList()
    expect(rows).to.have.members([...this.#wanted.keys()])
    for (const part of rows as unknown as (Part & { parts: Part[]; whole: Part | null })[]) {
      const parts = [...this.#wanted].flatMap(([one, whole]) => (whole === part ? [one] : []))
      expect(part.parts).to.have.members(parts)
      expect(part.whole).to.equal(this.#wanted.get(part))
    }
  }

  async #transaction(steps: readonly Step[], fails: boolean): Promise<void> {
    const before = new Map(this.#stored)
    const lasting = this.#lasting
    this.#lasting ??= before
    this.#depth++
    try {
      await this.#db.transaction(async () => {
        await this.run(steps)
        if (fails) throw new RolledBack()
      })
    } catch (error) {
      if (!(error instanceof RolledBack)) throw error
      this.#stored = before
    } finally {
      this.#depth--
      this.#lasting = lasting
    }
  }

  #stateOf(part: Part): string {
    const [isWanted, isStored] = [this.#wanted.has(part), this.#stored.has(part)]
    if (!isStored) return isWanted ? 'added' : 'detached'
    if (!isWanted) return 'deleted'
    return this.#wanted.get(part) === this.#stored.get(part) ? 'unchanged' : 'modified'
  }

  #check(): void {
    this.#db.changeTracker.detectChanges()
    for (const part of this.#all)
      expect(this.#db.entry(part).state, part.name).to.equal(this.#stateOf(part))
  }

  async #checkRows(): Promise<void> {
    const rows = await this.#unit.another({ tracking: false }).parts.toList()
    expect(rows).to.have.deep.members(
      [...this.#stored].map(([{ id, name }, whole]) => ({ id, name, partOf: whole?.id ?? null })),
    )
  }
}

for (const kind of databases) {
  const runs = runsOf(kind.family === 'sqlite' ? 300 : 80)

  describe(`random families (${kind.name})`, function () {
    this.timeout(120_000)
    let unit: Unit
    before(async () => {
      unit = await openUnit(kind)
    })
    after(() => unit.close())

    it(`U2, U4, U11: ${runs} of them end with the rows of a plain model, whatever is included, moved, removed and rolled back (seed ${SEED})`, async () => {
      await assertPrograms(step, runs, steps => new Program(unit).run(steps))
    })
  })
}
