import type { Failure } from './protocol.js'

/** The code of errors for a connection whose thread has ended. */
export const CONNECTION_LOST = 'SQLITE_CONNECTION_LOST'
/** The code of a worker's answer to a text with more than one statement. */
export const SEVERAL_STATEMENTS = 'SEVERAL_STATEMENTS'

/** SQLite's names of its result codes, by number: https://sqlite.org/rescode.html */
const PRIMARY = (
  'OK ERROR INTERNAL PERM ABORT BUSY LOCKED NOMEM READONLY INTERRUPT IOERR CORRUPT NOTFOUND FULL CANTOPEN PROTOCOL ' +
  'EMPTY SCHEMA TOOBIG CONSTRAINT MISMATCH MISUSE NOLFS AUTH FORMAT RANGE NOTADB'
).split(' ')
const EXTENDED: Readonly<Record<number, string>> = {
  261: 'BUSY_RECOVERY',
  275: 'CONSTRAINT_CHECK',
  516: 'ABORT_ROLLBACK',
  517: 'BUSY_SNAPSHOT',
  773: 'BUSY_TIMEOUT',
  787: 'CONSTRAINT_FOREIGNKEY',
  1299: 'CONSTRAINT_NOTNULL',
  1555: 'CONSTRAINT_PRIMARYKEY',
  1811: 'CONSTRAINT_TRIGGER',
  2067: 'CONSTRAINT_UNIQUE',
  2579: 'CONSTRAINT_ROWID',
  3091: 'CONSTRAINT_DATATYPE',
}

/** An error of SQLite, of `node:sqlite`, or of the thread that runs it. Its message may quote values. */
export class SqliteError extends Error {
  /** SQLite's name of the error, like `SQLITE_CONSTRAINT_UNIQUE`; Node's code where the error is not SQLite's. */
  readonly code: string | undefined
  /** SQLite's extended result code. */
  readonly errcode: number | undefined
  /** SQLite's own words for `errcode`, which quote nothing. */
  readonly errstr: string | undefined
  /** The path of the database, or `:memory:`. */
  readonly database: string

  constructor({ message, code, errcode, errstr }: Failure, database: string) {
    super(message)
    this.code = errcode === undefined ? code : nameOf(errcode)
    this.errcode = errcode
    this.errstr = errstr
    this.database = database
  }

  override get name(): string {
    return 'SqliteError'
  }
}

function nameOf(errcode: number): string {
  return `SQLITE_${EXTENDED[errcode] ?? PRIMARY[errcode & 0xff] ?? errcode}`
}
