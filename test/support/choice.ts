/** A database that the suites can run on. */
export type DatabaseName = 'sqlite' | 'mariadb' | 'mysql' | 'postgres'

const NAMES: readonly DatabaseName[] = ['sqlite', 'mariadb', 'mysql', 'postgres']

/** What a run without `MAYFLY_SERVER` has, and what it only has where it is found. */
const USUAL: Readonly<Record<DatabaseName, Wish>> = {
  sqlite: 'needed',
  mariadb: 'needed',
  mysql: 'welcome',
  postgres: 'welcome',
}

/** `needed`: without it the run fails. `welcome`: without it the run says so. */
export type Wish = 'needed' | 'welcome' | 'unwanted'

/** Whether this run wants a database: `MAYFLY_SERVER` names those that it is about. */
export function wishFor(name: DatabaseName): Wish {
  if (process.env['MAYFLY_SKIP_MYSQL'] && (name === 'mariadb' || name === 'mysql'))
    return 'unwanted'
  if (named.length === 0) return USUAL[name]
  return named.includes(name) ? 'needed' : 'unwanted'
}

const named = (process.env['MAYFLY_SERVER'] ?? '')
  .split(',')
  .map(name => name.trim())
  .filter(name => name !== '')

for (const name of named) {
  if (!(NAMES as readonly string[]).includes(name))
    throw new Error(`MAYFLY_SERVER is ${NAMES.join(', ')}, or several with commas; not ${name}.`)
}
