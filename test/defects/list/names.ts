import type { Defect } from '../defect.js'

const NAMES = 'test/query/names.test.ts'
const PARTS = 'test/query/names-in-parts.test.ts'
const PROGRAMS = 'test/tracking/programs.test.ts'
const query = (name: string) => `lib/query/${name}.ts`
const save = (name: string) => `lib/tracking/save/${name}.ts`

/** Columns of other names than their properties. */
export const names: readonly Defect[] = [
  {
    id: 'names-of-parts',
    breaks: 'What a part of a statement has named is taken for a column of a table.',
    rule: 'U12',
    file: query('names/scope'),
    find: 'if (made.has(property)) return property\n  const table',
    replace: 'const table',
    caughtBy: [NAMES],
  },
  {
    id: 'names-of-the-outer-statement',
    breaks: 'A column inside of a part is taken for one that the statement around it has named.',
    rule: 'U12',
    file: query('names/scope'),
    find: 'if (isOpen) return',
    replace: 'if (isOpen && names.hasRule) return',
    caughtBy: [PARTS],
  },
  {
    id: 'names-not-given-back',
    breaks: 'Rows of all columns come under the names of columns, and so are their objects.',
    rule: 'U9',
    file: query('materialise'),
    find: 'names ? withProperties(names, query, rows) : rows',
    replace: 'rows',
    caughtBy: [NAMES, PROGRAMS],
  },
  {
    id: 'names-of-what-was-made',
    breaks: 'What the database made of a new row is not found under its property.',
    rule: 'U4',
    file: save('inserts'),
    find: 'return propertiesOf(session.source, table, rows)',
    replace: 'return propertiesOf({ names: undefined }, table, rows)',
    caughtBy: [NAMES],
  },
  {
    id: 'names-of-losers',
    breaks: 'Of several rows all are said to be lost, because their keys have other names.',
    rule: 'U5',
    file: save('losers'),
    find: 'propertiesOf(source, model.table, rows)',
    replace: 'propertiesOf({ names: undefined }, model.table, rows)',
    caughtBy: [NAMES],
  },
  {
    id: 'names-lose-the-type',
    breaks: 'What was selected of a column with another name has the value of the driver.',
    rule: 'U9',
    file: query('selected-columns'),
    find: '(names?.propertyOf(table, source) ?? source)',
    replace: 'source',
    caughtBy: [NAMES],
  },
  {
    id: 'names-that-do-not-survive',
    breaks: 'user_id is declared where snake_case reads it back as userId, and never found again.',
    rule: 'U9',
    file: query('set-models'),
    find: 'if (!columnNames.has(property)) checkSurvives(naming, this.context, table, property)',
    replace: 'void checkSurvives',
    caughtBy: [NAMES],
  },
  {
    id: 'names-of-an-updates-sources',
    breaks: 'A column that an update writes is called as one of the tables that it reads.',
    rule: 'U12',
    file: query('names/scope'),
    find: 'return this.#written\n',
    replace: 'return this.#written && names.hasRule\n',
    caughtBy: [PARTS],
  },
  {
    id: 'names-in-windows',
    breaks: 'A window is ordered by what the statement selects under the name of a column.',
    rule: 'U12',
    file: query('names/names-transformer'),
    find: "this.#inPlace('window', ",
    replace: "this.#inPlace('results', ",
    caughtBy: [PARTS],
  },
  {
    id: 'names-of-parts-of-parts',
    breaks: 'What a part has named is a column again two parts further out.',
    rule: 'U12',
    file: query('names/scope'),
    find: '...stars.map(star => scope.star(star))',
    replace: '...stars.map(star => ({ ...scope.star(star), made: NO_NAMES }))',
    caughtBy: [PARTS],
  },
  {
    id: 'filter-of-another-table',
    breaks: "A set's filter is about a column of a table that was joined to it.",
    rule: 'U6',
    file: query('rows'),
    find: 'plan.whereNode(qualified(condition, model.table))',
    replace: 'plan.whereNode(condition)',
    caughtBy: [PARTS],
  },
]
