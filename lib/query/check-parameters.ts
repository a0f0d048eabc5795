import type { CompiledQuery } from 'kysely'
import { invalidParameter } from '../errors.js'

/**
 * Refuses values that a driver would store wrong or fail on without saying where (U9), whatever the dialect, and before a connection is asked
 * for. Our dialects look at each value again when they make it what their driver takes: a plain Kysely uses them without this.
 * @throws InvalidArgumentError, which names the position and the statement, never the value.
 */
export function checkParameters({ parameters, sql }: CompiledQuery): void {
  for (let i = 0; i < parameters.length; i++) {
    const wrong = whatIsWrong(parameters[i])
    if (wrong) throw invalidParameter(i + 1, wrong, sql)
  }
}

function whatIsWrong(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      // Half a character would be stored as another one (U+FFFD, a question mark).
      return value.isWellFormed() ? undefined : 'text with half of a character (a lone surrogate)'
    case 'undefined':
      return 'undefined'
    case 'number':
      if (Number.isFinite(value)) return undefined
      return Number.isNaN(value) ? 'NaN' : 'infinite'
    case 'object':
      return value instanceof Date && Number.isNaN(value.getTime()) ? 'an invalid Date' : undefined
    case 'function':
    case 'symbol':
      return `a ${typeof value}`
    default:
      return undefined
  }
}
