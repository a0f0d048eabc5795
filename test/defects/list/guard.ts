import { HISTORIES, type Defect } from '../defect.js'

/** One operation at a time, and the end of a lease. */
export const guard: readonly Defect[] = [
  {
    id: 'guard-lets-second-in',
    breaks: 'A second operation is let in while one runs.',
    rule: 'C2',
    file: 'lib/context/operation-guard.ts',
    find: "if (this.#mode === 'unchecked' && this.#mayOverlap(operation)) {",
    replace: 'if (this.#mayOverlap(operation)) {',
    caughtBy: [HISTORIES, 'test/context/one-operation.test.ts'],
  },
  {
    id: 'guard-left-early',
    breaks: 'An operation leaves the guard when it was sent, not when it has settled.',
    rule: 'C3',
    file: 'lib/context/operations.ts',
    find: `      const result = await work()
      observation?.succeeded(result)
      return result
    } catch (error) {
      operation.fail(error)
      observation?.failed(error)
      throw error
    } finally {
      this.#guard.leave(operation)
    }
  }

  /** A promise`,
    replace: `      const working = work()
      this.#guard.leave(operation)
      const result = await working
      observation?.succeeded(result)
      return result
    } catch (error) {
      operation.fail(error)
      observation?.failed(error)
      throw error
    }
  }

  /** A promise`,
    caughtBy: [HISTORIES, 'test/context/one-operation.test.ts'],
  },
  {
    id: 'guard-never-left',
    breaks: 'An operation that failed never leaves the guard.',
    rule: 'C3',
    file: 'lib/context/operations.ts',
    find: `      operation.fail(error)
      observation?.failed(error)
      throw error
    } finally {
      this.#guard.leave(operation)
    }
  }

  /** A promise`,
    replace: `      operation.fail(error)
      observation?.failed(error)
      throw error
    }
    this.#guard.leave(operation)
  }

  /** A promise`,
    caughtBy: ['test/context/one-operation.test.ts'],
  },
  {
    id: 'stream-left-alone',
    breaks: 'A stream leaves the guard at its start, so that others run between its rows.',
    rule: 'C4',
    file: 'lib/context/operations.ts',
    find: '    this.#openStream = stream\n',
    replace: '    this.#openStream = stream\n    this.#guard.leave(operation)\n',
    caughtBy: [HISTORIES, 'test/context/one-operation.test.ts'],
  },
  {
    id: 'line-out-of-order',
    breaks: "What waits in line ('queue') starts in the wrong order.",
    rule: 'C9',
    file: 'lib/context/operation-guard.ts',
    find: 'this.#line.shift()',
    replace: 'this.#line.pop()',
    caughtBy: ['test/context/one-operation.test.ts'],
  },
  {
    id: 'stale-lease-alive',
    breaks: 'A context can be used after its end.',
    rule: 'C5',
    file: 'lib/context/lease.ts',
    find: '    if (this.#endReason !== undefined) throw contextDisposed(this.id, this.#endReason)\n',
    replace: '',
    caughtBy: [HISTORIES, 'test/context/disposed.test.ts'],
  },
  {
    id: 'end-does-not-wait',
    breaks: 'The end of a context does not wait for the statement that runs.',
    rule: 'C7',
    file: 'lib/context/lease.ts',
    find: 'return !this.#guard.current || settledWithin(this.#guard.whenIdle(), this.#disposeTimeout)',
    replace: 'return true',
    caughtBy: [HISTORIES, 'test/context/one-operation.test.ts'],
  },
  {
    id: 'hung-statement-kept',
    breaks: 'The end of a context leaves a statement that hangs on its connection.',
    rule: 'C7',
    file: 'lib/context/lease.ts',
    find: 'if (!(await this.#idleInTime())) await this.#core.session.destroy(reason)',
    replace: 'await this.#idleInTime()',
    caughtBy: ['test/context/one-operation.test.ts'],
  },
  {
    id: 'leak-unreported',
    breaks: 'A context that its maker forgot is not reported when its scope ends.',
    rule: 'C8',
    file: 'lib/context/factory.ts',
    find: '      reportLeak?.(`was ${reason}`)\n',
    replace: '',
    caughtBy: ['test/context/leaks.test.ts'],
  },
  {
    id: 'leak-not-recovered',
    breaks: 'A context that its maker forgot keeps its connection when its scope ends.',
    rule: 'C8',
    file: 'lib/context/factory.ts',
    find: '      await lease.dispose(reason)\n',
    replace: '      void lease\n',
    caughtBy: [HISTORIES, 'test/context/leaks.test.ts'],
  },
]
