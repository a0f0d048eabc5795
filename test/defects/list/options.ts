import type { Defect } from '../defect.js'

const OPTIONS = 'test/context/options.test.ts'
const PER_KEY = 'test/registration/dialect-per-key.test.ts'
const OWN_END = 'test/context/own-end.test.ts'

/** What a context is told, and how it ends. */
export const options: readonly Defect[] = [
  {
    id: 'ticket-taken-twice',
    breaks: "A second context that is made with a context's options gets the same lease.",
    rule: 'C6, C8',
    file: 'lib/context/ticket.ts',
    find: 'return ticket && !ticket.lease',
    replace: 'return ticket',
    caughtBy: [OPTIONS],
  },
  {
    id: 'ticket-left',
    breaks:
      'A class that hands on a part of its options makes a context that its scope never ends.',
    rule: 'C6',
    file: 'lib/context/make-context.ts',
    find: `  if (!lease || !handle) {
    endUnmade(ticket, terms)
    // It has a lease by hand, and so it is its own owner.
    if (context instanceof DbContext) context.dispose().catch(() => {})
    throw ticketNotTaken(Context.name)
  }`,
    replace: '  if (!lease || !handle) return { context, lease: lease!, watch: () => () => {} }',
    caughtBy: [OPTIONS],
  },
  {
    id: 'unmade-context-left',
    breaks: 'The lease by hand of a context that is refused stays open.',
    rule: 'C6',
    file: 'lib/context/make-context.ts',
    find: 'if (context instanceof DbContext) context.dispose().catch(() => {})',
    replace: '',
    caughtBy: [OPTIONS],
  },
  {
    id: 'override-ignored',
    breaks: 'What a class says differently in its constructor is ignored.',
    rule: 'C9, C10',
    file: 'lib/context/ticket.ts',
    find: 'new Lease(contextClass, options, this.#terms)',
    replace: 'new Lease(contextClass, this.options, this.#terms)',
    caughtBy: [OPTIONS],
  },
  {
    id: 'dialect-overridden',
    breaks:
      'A class may say another dialect than its registration, and gets that of its registration.',
    rule: 'C6',
    file: 'lib/context/ticket.ts',
    find: 'if (options[name] !== this.options[name])',
    replace: 'if (options[name] === null)',
    caughtBy: [OPTIONS],
  },
  {
    id: 'own-end-skipped',
    breaks: 'A scope ends the lease of a context without its own dispose().',
    rule: 'C6',
    file: 'lib/context/make-context.ts',
    find: 'handle.ownEnd?.held ?? handle.lease',
    replace: 'handle.lease',
    caughtBy: [OWN_END],
  },
  {
    id: 'own-end-twice',
    breaks: 'The own dispose() of a context runs each time that somebody ends it.',
    rule: 'C6',
    file: 'lib/context/own-end.ts',
    find: '(this.#ending ??= this.#end(reason))',
    replace: 'this.#end(reason)',
    caughtBy: [OWN_END],
  },
  {
    id: 'own-end-keeps-lease',
    breaks: 'A lease stays when the own dispose() of its context failed.',
    rule: 'C6, S1',
    file: 'lib/context/own-end.ts',
    find: `      const late = await this.#lease.dispose(reason).then(
        () => [],
        (failure: unknown) => [failure],
      )
      throw withSuppressed(error, late)`,
    replace: '      throw withSuppressed(error, [])',
    caughtBy: [OWN_END],
  },
  {
    id: 'own-end-holds-context',
    breaks:
      'A factory holds a context with an end of its own, so that a forgotten one is never noticed.',
    rule: 'C8',
    file: 'lib/context/own-end.ts',
    find: "if (this.#lease.owner === 'caller') return heldWeakly(new WeakRef(this), this.#lease)",
    replace: '',
    caughtBy: [OWN_END],
  },
  {
    id: 'unknown-option-passes',
    breaks: 'An option that nobody knows is ignored.',
    rule: 'C9, C10',
    file: 'lib/support/check-options.ts',
    find: 'if (!Object.hasOwn(checks, name)) {',
    replace: 'if (name === undefined) {',
    caughtBy: [OPTIONS],
  },
  {
    id: 'pool-forgets-source',
    breaks: "A pooled core of one tenant's database serves another tenant.",
    rule: 'P1',
    file: 'lib/support/pool.ts',
    find: 'const idle = this.#idle.get(source)?.pop()',
    replace: 'const idle = [...this.#idle.values()].find(({ length }) => length > 0)?.pop()',
    caughtBy: [PER_KEY],
  },
  {
    id: 'closed-source-kept',
    breaks: 'The cores of a source that was closed stay in the pool.',
    rule: 'P1',
    file: 'lib/registration/context-registration.ts',
    find: 'this.pool(true).drop(source)',
    replace: 'void source',
    caughtBy: [PER_KEY],
  },
  {
    id: 'idle-source-left',
    breaks: 'A dialect that nobody uses any more stays open.',
    rule: 'P1',
    file: 'lib/registration/open-dialects.ts',
    find: 'if (!this.#timer && this.#idle.size > 0) this.#wakeAfter(this.#idleTimeout)',
    replace: '',
    caughtBy: [PER_KEY],
  },
  {
    id: 'surplus-source-left',
    breaks: 'More dialects than allowed stay open at rest.',
    rule: 'P1',
    file: 'lib/registration/open-dialects.ts',
    find: 'if (this.#open.size <= this.#max) return\n',
    replace: 'return\n',
    caughtBy: [PER_KEY],
  },
  {
    id: 'source-closed-in-use',
    breaks: 'A dialect is closed although a context uses it.',
    rule: 'P1',
    file: 'lib/registration/open-dialects.ts',
    find: '    this.#idle.delete(dialect)\n    this.#closeSurplus()',
    replace: '    this.#closeSurplus()',
    caughtBy: [PER_KEY],
  },
  {
    id: 'source-use-lost',
    breaks: 'A context that could not be made keeps its dialect in use for ever.',
    rule: 'P1',
    file: 'lib/context/make-context.ts',
    find: ': onEnd?.())?.catch',
    replace: ': undefined)?.catch',
    caughtBy: [PER_KEY],
  },
]
