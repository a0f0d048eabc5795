/** The message texts of this adapter. Messages never contain a value that a user sent to the database. */
import { DatabaseError, InvalidArgumentError, TransactionStateError } from '../../lib/errors.js'
import { shownSql } from '../../lib/shown-sql.js'

export function mysqlTargetInvalid(problem: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `mysql() cannot use its target: ${problem}. Give it a URL, for example ` +
      "mysql('mysql://user:password@127.0.0.1:3306/shop'), with special characters such as @ / # " +
      "written as %40 %2F %23; or a mysql2 config ({ host: '127.0.0.1', database: 'shop' }); or a " +
      'mysql2 pool.',
  )
}

export function mysqlOptionInvalid(name: string, expected: string): InvalidArgumentError {
  return new InvalidArgumentError(`The option ${name} of mysql() must be ${expected}.`, {
    argument: name,
  })
}

/** @param advice what to write instead */
export function mysqlOptionElsewhere(
  where: string,
  option: string,
  advice: string,
): InvalidArgumentError {
  return new InvalidArgumentError(`${where} has no option ${JSON.stringify(option)}. ${advice}`, {
    argument: option,
  })
}

/** @param problem what its target does, and `advice` what to do instead */
export function mysqlTlsInvalid(
  problem: string,
  advice: string,
  cause?: unknown,
): InvalidArgumentError {
  return new InvalidArgumentError(
    `mysql() cannot use its target: it ${problem}. Nothing is sent in clear text that was to be encrypted: ${advice}.`,
    cause === undefined ? {} : { cause },
  )
}

export function mysqlPoolUnusable(problem: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `mysql() cannot use this pool: it ${problem}. Make it with createPool() of the mysql2 that ` +
      'Mayfly finds, or give mysql() the URL or config, and Mayfly makes one.',
  )
}

/** @param zone of the pool's dates, `+00:00` */
export function mysqlOtherZone(zone: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `The sessions of the pool that mysql() was given are in another time zone than its dates, ${zone}, so that times of TIMESTAMP columns and now() ` +
      `would be other times. Set it for each connection: pool.on('connection', connection => connection.query("set time_zone = '${zone}'")); or start ` +
      `the server with default-time-zone='${zone}'; or give mysql() the URL or config, and Mayfly sets it.`,
  )
}

export function mysqlPoolEnded(owned: boolean): DatabaseError {
  return new DatabaseError(
    owned
      ? 'No connection can be taken: this mysql dialect was closed. Work that needs it must end ' +
          'before its container is disposed.'
      : 'No connection can be taken: the pool that mysql(pool) was given has been ended. Dispose ' +
          'the container first, then end the pool.',
    'connectionRefused',
    undefined,
    undefined,
  )
}

/** @param size of the statement with its values, and `limit` of the server (bytes) */
export function mysqlTooLarge(size: number, limit: number, sql: string): DatabaseError {
  return new DatabaseError(
    `A statement of ${size} bytes is larger than the server takes (max_allowed_packet is ${limit}). ` +
      `Nothing was sent. Send its rows or values in parts, or raise max_allowed_packet. SQL: ${shownSql(sql)}`,
    'tooLarge',
    sql,
    undefined,
  )
}

export function mysqlParameterRefused(
  position: number,
  what: string,
  sql: string,
): InvalidArgumentError {
  return new InvalidArgumentError(
    `Parameter ${position} is ${what}, which no column of MySQL stores. Nothing was sent. Pass ` +
      'JSON.stringify(...) of it, declare the column as json(), or pass its parts one by one. ' +
      `SQL: ${shownSql(sql)}`,
    { position, sql },
  )
}

export function mysqlParameterCount(
  given: number,
  placeholders: number,
  sql: string,
): InvalidArgumentError {
  return new InvalidArgumentError(
    `${given} parameters were given, and the statement has ${placeholders} of ? for them; one between quotes or in a comment is none. ` +
      `Nothing was sent. Write a ? for each, without quotes. SQL: ${shownSql(sql)}`,
    { sql },
  )
}

export function mysqlCharactersCut(sql: string): InvalidArgumentError {
  return new InvalidArgumentError(
    'A statement has characters that the character set of its connection does not have, and would be sent as another statement. Nothing was ' +
      `sent. Give the pool charset: 'utf8mb4', and leave out "set names". SQL: ${shownSql(sql)}`,
    { sql },
  )
}

/** Has the code that mysql2 gives to a connection that the server closed, and is sorted like it. */
export function mysqlConnectionClosed(): Error {
  return Object.assign(new Error('The connection was closed, and what ran on it did not finish.'), {
    code: 'PROTOCOL_CONNECTION_LOST',
    fatal: true,
  })
}

export function mysqlConnectionNotClean(): TransactionStateError {
  return new TransactionStateError(
    'The connection cannot be made clean, so it must be destroyed: it is closed or busy, its ' +
      'transaction is still open after a rollback, or its session was changed in a way that no ' +
      'reset undoes.',
    'notClean',
  )
}
