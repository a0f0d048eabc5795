import type { ConnectionOptions, FieldPacket, Query, QueryOptions } from 'mysql2'

export type TypeCast = Exclude<QueryOptions['typeCast'], boolean | undefined>

const FLOAT = 4
const DOUBLE = 5

/**
 * How text is read so that it has the same JavaScript values as the binary answer of a prepared
 * statement: mysql2's own reader of text is off by the last digit for one DOUBLE in fifty.
 * `undefined` where the pool has a reader of its own.
 */
export function textCast(config: ConnectionOptions): TypeCast | undefined {
  if (config.typeCast === false || typeof config.typeCast === 'function') return undefined
  return numbers
}

/**
 * Gives a statement the reader for those columns that need it, when they are known: mysql2 reads every value of every column through it then, which
 * takes a third longer for fifty rows (bench row 'db.kysely, 50 rows').
 */
export function readThrough(command: Query, cast: TypeCast | undefined): Query {
  if (!cast) return command
  return command.on('fields', (columns: readonly FieldPacket[] | undefined) => {
    // mysql2 has no type for it; it looks there after this event.
    const { options } = command as unknown as { options?: { typeCast?: TypeCast } }
    if (columns?.some(isReadWrong) && options) options.typeCast = cast
  })
}

function isReadWrong({ columnType }: FieldPacket): boolean {
  return columnType === DOUBLE || columnType === FLOAT
}

const numbers: TypeCast = (field, next) =>
  field.type === 'DOUBLE' || field.type === 'FLOAT' ? toNumber(field.string()) : next()

function toNumber(text: string | null): number | null {
  return text === null ? null : Number(text)
}
