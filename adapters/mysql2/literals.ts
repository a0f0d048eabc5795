import { isDate } from 'node:util/types'
import { DecimalParameter } from '../../lib/connection/dialect-values.js'
import type { Escaping } from './escaping.js'
import type { RawConnection } from './raw-connection.js'

/** A value that MySQL can store. */
export type Sendable = string | number | bigint | boolean | Date | Buffer | DecimalParameter | null

/** How the values of one statement are written into its text. */
export interface Literals {
  /** Whose types are those of a prepared statement: users' ones are as mysql2 writes them. */
  readonly ours: boolean
  readonly escaping: Escaping
  readonly raw: RawConnection
}

/** A value as a literal: none ends before its end, whatever the session is set to. */
export function literal(value: Sendable, { ours, escaping, raw }: Literals): string {
  switch (typeof value) {
    case 'string':
      return escaping.literal(value)
    case 'boolean':
      return ours ? String(Number(value)) : String(value)
    case 'object':
      if (value === null) return 'null'
      if (value instanceof DecimalParameter) return value.digits
      if (isDate(value)) return (ours ? 'timestamp' : '') + raw.escape(value)
      return `x'${value.toString('hex')}'`
    default:
      return String(value)
  }
}
