import type { DatabaseFamily } from '../connection/dialect-values.js'
import { InvalidArgumentError, lockUnsupported } from '../errors.js'
import { checkEachOption, type OptionCheck } from '../support/check-options.js'

/** What a database calls a lock on the rows that it gives. */
export type Lock = string

export interface LockOptions {
  /** Leaves out rows that somebody else has locked, in place of waiting for them: for queues. */
  readonly skipLocked?: boolean | undefined
  /** Fails at once where somebody else has locked a row. */
  readonly noWait?: boolean | undefined
}

/**
 * @returns `undefined` on SQLite, where a transaction that writes has the database for itself from its begin
 * @throws InvalidArgumentError for what the database cannot do
 */
export function lockOf(
  table: string,
  strength: 'update' | 'share',
  options: LockOptions,
  family: DatabaseFamily,
): Lock | undefined {
  checkEachOption(InvalidArgumentError, `forUpdate() on '${table}'`, options, {
    skipLocked: yesOrNo(table, 'skipLocked'),
    noWait: yesOrNo(table, 'noWait'),
  })
  const { skipLocked = false, noWait = false } = options
  if (skipLocked && noWait) throw lockUnsupported(table, 'skipLocked and noWait exclude each other')
  if (family === 'sqlite') {
    if (skipLocked || noWait)
      throw lockUnsupported(table, 'SQLite locks no rows: a transaction that writes has all of it')
    return undefined
  }
  const wait = skipLocked ? ' skip locked' : noWait ? ' nowait' : ''
  if (strength === 'update') return `for update${wait}`
  // MariaDB has no other word for it.
  return family === 'mysql' ? `lock in share mode` : `for share${wait}`
}

function yesOrNo(table: string, name: string): OptionCheck {
  return value => {
    if (typeof value !== 'boolean') throw lockUnsupported(table, `${name} is true or false`)
  }
}
