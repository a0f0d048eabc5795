import type { ConnectionOptions, QueryOptions } from 'mysql2'

type TypeCast = Exclude<QueryOptions['typeCast'], boolean | undefined>

/**
 * The options of a statement that is sent as text, values and all. It is read so that it has the
 * same JavaScript values as the binary answer of a prepared statement: mysql2's own reader of text
 * is off by the last digit for one DOUBLE in fifty, and takes the DATE 0000-00-00 for 1899-11-30.
 * One difference is left: of a DATETIME whose month or day alone is zero, text makes an invalid
 * Date, binary the last day of the month before.
 */
export function textOptions(config: ConnectionOptions): Omit<QueryOptions, 'sql'> {
  const options = { namedPlaceholders: false, supportBigNumbers: true }
  if (config.typeCast === false || typeof config.typeCast === 'function') return options
  const utc = config.timezone === 'Z' && !config.dateStrings
  return { ...options, typeCast: utc ? numbersAndDates : numbers }
}

const numbers: TypeCast = (field, next) =>
  field.type === 'DOUBLE' || field.type === 'FLOAT' ? toNumber(field.string()) : next()

const numbersAndDates: TypeCast = (field, next) =>
  field.type === 'DATE' ? toDate(field.string()) : numbers(field, next)

function toNumber(text: string | null): number | null {
  return text === null ? null : Number(text)
}

function toDate(text: string | null): Date | null {
  if (text === null) return null
  if (text === '0000-00-00') return new Date(NaN)
  return new Date(
    Date.UTC(Number(text.slice(0, 4)), Number(text.slice(5, 7)) - 1, Number(text.slice(8, 10))),
  )
}
