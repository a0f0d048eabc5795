import { DbContext } from 'mayfly'
import { sqlite } from 'mayfly/sqlite'
import type { Row } from '../row.js'

const names = Array.from({ length: 50 }, (_, i) => `t${i}`)
const fields = (value: (name: string) => string) =>
  names.map(name => `${name} = ${value(name)}`).join('\n')
const compile = (source: string, ...args: [string, unknown][]): any =>
  // oxlint-disable-next-line typescript/no-implied-eval -- a class of 50 fields is not written by hand
  new Function(...args.map(([name]) => name), source)(...args.map(([, value]) => value))

export const row: Row = {
  title: 'a context of 50 sets, made and disposed unused',
  limit: 'object with 50 fields',
  budgets: {},
  candidates: {
    'object with 50 fields'() {
      const Fields = compile(`return class { ${fields(() => '{}')} }`)
      let kept: unknown
      return {
        batch: 100,
        run() {
          for (let i = 0; i < 100; i++) kept = new Fields()
          return kept && undefined
        },
      }
    },
    mayfly() {
      const Fifty = compile(
        `return class extends DbContext { ${fields(name => `this.set('${name}', { key: 'id' })`)} }`,
        ['DbContext', DbContext],
      )
      const dialect = sqlite(':memory:')
      const keeper = new Fifty({ dialect })
      return {
        batch: 100,
        async run() {
          for (let i = 0; i < 100; i++) await new Fifty({ dialect }).dispose()
        },
        end: () => keeper.dispose(),
      }
    },
  },
}
