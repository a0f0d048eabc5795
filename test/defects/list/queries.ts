import type { Defect } from '../defect.js'

const QUERY = 'test/query/query.test.ts'

/** Sets, filters and parameters. */
export const queries: readonly Defect[] = [
  {
    id: 'filter-not-counted',
    breaks: "A set's filter does not apply to count().",
    rule: 'U6',
    file: 'lib/query/query.ts',
    find: '    const state = this.#filtered(this.#current)\n',
    replace: '    const state = this.#current\n',
    caughtBy: [QUERY],
  },
  {
    id: 'filter-misses-find',
    breaks: "find() sees rows that the set's filter hides.",
    rule: 'U6',
    file: 'lib/query/db-set.ts',
    find: 'if (filter) return',
    replace: 'if (filter && key === undefined) return',
    caughtBy: [QUERY],
  },
  {
    id: 'filter-not-lifted',
    breaks: 'ignoreFilters() lifts nothing.',
    rule: 'U6',
    file: 'lib/query/query.ts',
    find: '    return this.#with({ filtered: false })\n',
    replace: '    return this.#with({})\n',
    caughtBy: [QUERY],
  },
  {
    id: 'find-statement-shared',
    breaks: 'find() reads from the table of another set whose key has the same name.',
    rule: 'U7',
    file: 'lib/connection/data-source.ts',
    find: 'this.#finds.get(table)',
    replace: 'this.#finds.values().next().value',
    caughtBy: [QUERY],
  },
  {
    id: 'parameters-unchecked',
    breaks: 'NaN, undefined and invalid dates are sent.',
    rule: 'U9',
    file: 'lib/context/operations.ts',
    find: "    return this.#operate('query', query.sql, () => {\n      checkParameters(query)\n",
    replace: "    return this.#operate('query', query.sql, () => {\n",
    caughtBy: [QUERY],
  },
  {
    id: 'null-compared',
    breaks: 'A comparison with null finds nothing.',
    rule: 'U9',
    file: 'lib/query/query.ts',
    find: 'const operator = rhs === null ?',
    replace: 'const operator = rhs === undefined ?',
    caughtBy: [QUERY],
  },
  {
    id: 'operand-not-written',
    breaks: 'A value that is compared with a declared column is sent as it is.',
    rule: 'U9',
    file: 'lib/query/query.ts',
    find: 'this.#operand(lhs, rhs) as never),',
    replace: 'rhs as never),',
    caughtBy: [QUERY],
  },
  {
    id: 'order-piles-up',
    breaks: 'A later orderBy() refines the earlier one, and does not replace it.',
    rule: 'LINQ',
    file: 'lib/query/query.ts',
    find: 'const base = further ? select : select.clearOrderBy()',
    replace: 'const base = further ? select : select',
    caughtBy: [QUERY],
  },
]
