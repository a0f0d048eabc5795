/** The message texts of this adapter. Messages never contain a value that a user sent to the database. */
import { DatabaseError, InvalidArgumentError, TransactionStateError } from '../../lib/errors.js'
import { shownSql } from '../../lib/shown-sql.js'

export function postgresTargetInvalid(problem: string, cause?: unknown): InvalidArgumentError {
  const error = new InvalidArgumentError(
    `postgres() cannot use its target: ${problem}. Give it a URL, for example ` +
      "postgres('postgres://user:password@127.0.0.1:5432/shop'), with special characters such as @ / # " +
      "written as %40 %2F %23; or a pg config ({ host: '127.0.0.1', database: 'shop' }); or a pg Pool.",
  )
  return cause === undefined ? error : Object.assign(error, { cause })
}

export function postgresOptionInvalid(option: string, wanted: string): InvalidArgumentError {
  return new InvalidArgumentError(`The option ${option} of postgres() must be ${wanted}.`, {
    argument: option,
  })
}

export function postgresOptionElsewhere(option: string, advice: string): InvalidArgumentError {
  return new InvalidArgumentError(`postgres() has no option "${option}". ${advice}`, {
    argument: option,
  })
}

export function postgresPoolUnusable(problem: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `postgres() cannot use this pool: it ${problem}. Make it with new Pool() of the pg package, or ` +
      'give postgres() the URL or config, and Mayfly makes one.',
  )
}

export function postgresPoolEnded(owned: boolean): DatabaseError {
  return new DatabaseError(
    owned
      ? 'No connection can be taken: this postgres dialect was closed. Work that needs it must end ' +
          'before its container is disposed.'
      : 'No connection can be taken: the pool that postgres(pool) was given has been ended. Dispose ' +
          'the container first, then end the pool.',
    'connectionRefused',
    undefined,
    undefined,
  )
}

export function postgresCursorMissing(cause: unknown): DatabaseError {
  return new DatabaseError(
    'A stream on PostgreSQL needs the package pg-cursor, and it cannot be found. Nothing was sent. ' +
      'Install it beside pg: npm install pg-cursor.',
    'other',
    undefined,
    cause,
  )
}

export function postgresParameterRefused(
  position: number,
  what: string,
  sql: string,
): InvalidArgumentError {
  return new InvalidArgumentError(
    `Parameter ${position} is ${what}, which PostgreSQL cannot store. Nothing was sent. SQL: ${shownSql(sql)}`,
    { position, sql },
  )
}

export function postgresTextRefused(): InvalidArgumentError {
  return new InvalidArgumentError(
    'The text of a statement has a character with the code 0, which would end it early. Nothing was ' +
      'sent. Give values as parameters.',
  )
}

/** @param sql the first statement that failed, where it is known */
export function postgresTransactionFailed(sql: string | undefined): TransactionStateError {
  return new TransactionStateError(
    'A commit was answered with a rollback: a statement of the transaction had failed, and after that ' +
      'PostgreSQL does nothing more in a transaction. Nothing of it was stored.' +
      (sql === undefined ? '' : ` What had failed: ${sql}`),
    'failed',
  )
}

/** Is sorted like a connection that the server closed. */
export function postgresConnectionClosed(): Error {
  return Object.assign(new Error('The connection was closed, and what ran on it did not finish.'), {
    code: 'ERR_CONNECTION_CLOSED',
  })
}

export function postgresConnectionNotClean(): TransactionStateError {
  return new TransactionStateError(
    'The connection cannot be made clean, so it must be destroyed: it is closed or busy, its ' +
      'transaction is still open after a rollback, or its session was changed in a way that no ' +
      'reset undoes.',
    'notClean',
  )
}
