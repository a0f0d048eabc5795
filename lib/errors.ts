/** Every error class, code and message text of Mayfly. Messages never contain a value that a user sent to the database. */

import { SHOWN_SQL, shownSql } from './shown-sql.js'

/** The stable part of an error: compare `error.code`, never the text. */
export type MayflyErrorCode =
  | 'MAYFLY_ABORTED'
  | 'MAYFLY_CAPTIVE_DEPENDENCY'
  | 'MAYFLY_COMMIT_UNCERTAIN'
  | 'MAYFLY_CONCURRENT_OPERATION'
  | 'MAYFLY_CONNECTION_LOST'
  | 'MAYFLY_CONNECTION_TIMEOUT'
  | 'MAYFLY_CONTEXT_DISPOSED'
  | 'MAYFLY_DATABASE'
  | 'MAYFLY_IDENTITY_CONFLICT'
  | 'MAYFLY_INVALID_ARGUMENT'
  | 'MAYFLY_REGISTRATION'
  | 'MAYFLY_ROW_COUNT'
  | 'MAYFLY_SCOPE_ENDED'
  | 'MAYFLY_TRANSACTION_ENDED'
  | 'MAYFLY_TRANSACTION_STATE'
  | 'MAYFLY_UPDATE_CONCURRENCY'
  | 'MAYFLY_VERIFICATION'

/**
 * The base of all errors that Mayfly throws itself. What a message tells is in fields, too; `isMayflyError` narrows to them by `code`.
 * Fields that only repeat a long message are not enumerable, so that a logger prints them once.
 */
export abstract class MayflyError extends Error {
  abstract readonly code: MayflyErrorCode
  /** Each class spells its own: a minifier renames the class. */
  abstract override get name(): string
}

/** Every error of Mayfly, so that comparing `code` narrows to the class and its fields. */
export type AnyMayflyError =
  | AbortedError
  | CaptiveDependencyError
  | CommitUncertainError
  | ConcurrentOperationError
  | ConnectionLostError
  | ConnectionTimeoutError
  | ContextDisposedError
  | (DatabaseError & { readonly code: 'MAYFLY_DATABASE' })
  | IdentityConflictError
  | InvalidArgumentError
  | RegistrationError
  | RowCountError
  | ScopeEndedError
  | TransactionEndedError
  | TransactionStateError
  | UpdateConcurrencyError
  | VerificationError

/**
 * Whether Mayfly threw it.
 * @example if (isMayflyError(error) && error.code === 'MAYFLY_DATABASE' && error.kind === 'unique') return conflict()
 */
export function isMayflyError(error: unknown): error is AnyMayflyError {
  return error instanceof MayflyError
}

/** An operation, as an error tells of it. */
export interface OperationFacts {
  /** `query`, `stream`, `commit`; `transaction` for one that is open. */
  readonly kind: string
  /** SQL with placeholders, where there is some. */
  readonly sql: string | undefined
  /** How long it had been running (ms). */
  readonly age: number
  /** The line of user code that started it; `undefined` in production. */
  readonly line: string | undefined
}

/** C2, C4: a context was asked for a second operation while one was running. */
export class ConcurrentOperationError extends MayflyError {
  readonly code = 'MAYFLY_CONCURRENT_OPERATION'
  /** The context: its class and a number. */
  readonly context: string
  readonly #running: OperationFacts
  readonly #refused: OperationFacts

  constructor(message: string, context: string, running: OperationFacts, refused: OperationFacts) {
    super(message)
    this.context = context
    this.#running = running
    this.#refused = refused
  }

  override get name(): string {
    return 'ConcurrentOperationError'
  }

  /** What was running; the operation, or the transaction, that was in the way. */
  get running(): OperationFacts {
    return this.#running
  }

  /** What was refused, and not sent. */
  get refused(): OperationFacts {
    return this.#refused
  }
}

/** C5: a context, or a set or query taken from it, was used after its lease had ended. */
export class ContextDisposedError extends MayflyError {
  readonly code = 'MAYFLY_CONTEXT_DISPOSED'
  /** The context: its class and a number. */
  readonly context: string
  /** What became of it: `ended with scope GET /orders`, `disposed by its owner`. */
  readonly reason: string

  constructor(message: string, context: string, reason: string) {
    super(message)
    this.context = context
    this.reason = reason
  }

  override get name(): string {
    return 'ContextDisposedError'
  }
}

/** S3: something new was asked of a scope that has ended. */
export class ScopeEndedError extends MayflyError {
  readonly code = 'MAYFLY_SCOPE_ENDED'
  /** What the scope is called: `scope GET /orders`. */
  readonly scope: string
  /** What was asked of it: `"shop"`, `createScope()`. */
  readonly wanted: string

  constructor(message: string, scope: string, wanted: string) {
    super(message)
    this.scope = scope
    this.wanted = wanted
  }

  override get name(): string {
    return 'ScopeEndedError'
  }
}

/** One link of a chain of dependencies. */
export interface DependencyStep {
  readonly name: string
  readonly lifetime: 'singleton' | 'scoped' | 'transient'
}

/** S6: something that lives longer asked for something that lives only as long as a scope. */
export class CaptiveDependencyError extends MayflyError {
  readonly code = 'MAYFLY_CAPTIVE_DEPENDENCY'
  readonly #chain: readonly DependencyStep[]

  constructor(message: string, chain: readonly DependencyStep[]) {
    super(message)
    this.#chain = chain
  }

  override get name(): string {
    return 'CaptiveDependencyError'
  }

  /** From what lives longest to what lives only as long as a scope; that alone where it was asked of the root. */
  get chain(): readonly DependencyStep[] {
    return this.#chain
  }
}

/** What a {@link RegistrationError} is about; what does not apply is left out. */
export interface RegistrationFacts {
  /** The call that was refused: `addDbContext`. */
  readonly call?: string
  /** The name that was registered. */
  readonly registration?: string
  /** The option or argument that was wrong: `commandTimeout`. */
  readonly argument?: string
}

/** A registration that cannot work, refused when it is made. */
export class RegistrationError extends MayflyError implements RegistrationFacts {
  readonly code = 'MAYFLY_REGISTRATION'
  declare readonly call?: string
  declare readonly registration?: string
  declare readonly argument?: string

  constructor(message: string, facts: RegistrationFacts = {}, options?: ErrorOptions) {
    super(message, options)
    Object.assign(this, facts)
  }

  override get name(): string {
    return 'RegistrationError'
  }
}

/** S7: what `container.verify()` found, all of it. */
export class VerificationError extends MayflyError {
  readonly code = 'MAYFLY_VERIFICATION'
  readonly #findings: readonly Finding[]
  readonly #unreadable: readonly Unreadable[]

  constructor(message: string, findings: readonly Finding[], unreadable: readonly Unreadable[]) {
    super(message)
    this.#findings = findings
    this.#unreadable = unreadable
  }

  override get name(): string {
    return 'VerificationError'
  }

  get findings(): readonly Finding[] {
    return this.#findings
  }

  /** What could not be read, and was not checked. */
  get unreadable(): readonly Unreadable[] {
    return this.#unreadable
  }
}

/** One thing that is wrong with the registrations of a container. */
export interface Finding {
  readonly kind: 'unknown' | 'cycle' | 'captive' | 'transient' | 'stale'
  readonly text: string
}

/** A registration whose dependencies cannot be read, and why. */
export interface Unreadable {
  readonly name: string
  readonly why: string
}

/** What an {@link InvalidArgumentError} is about; what does not apply is left out. */
export interface ArgumentFacts extends ErrorOptions {
  /** The method, option or column that got it: `take`, `chunkSize`, `orders.amount`. */
  readonly argument?: string
  /** Which parameter of the statement, from 1. */
  readonly position?: number
  /** The statement with placeholders. */
  readonly sql?: string
}

/** An argument that no database should see: `NaN`, `undefined`, a negative limit, a missing key. Nothing was sent. */
export class InvalidArgumentError extends MayflyError implements ArgumentFacts {
  readonly code = 'MAYFLY_INVALID_ARGUMENT'
  declare readonly argument?: string
  declare readonly position?: number
  declare readonly sql?: string

  constructor(message: string, { cause, ...facts }: ArgumentFacts = {}) {
    super(message, cause === undefined ? {} : { cause })
    Object.assign(this, facts)
    hideLongSql(this)
  }

  override get name(): string {
    return 'InvalidArgumentError'
  }
}

/** X2: no connection became free within `acquireTimeout`. */
export class ConnectionTimeoutError extends MayflyError {
  readonly code = 'MAYFLY_CONNECTION_TIMEOUT'
  /** Every connection was held by an idle transaction whose own scope waited for another one (X3). */
  readonly isSelfDeadlock: boolean
  readonly #report: GateReport

  constructor(message: string, report: GateReport) {
    super(message)
    this.isSelfDeadlock = report.isSelfDeadlock
    this.#report = report
  }

  override get name(): string {
    return 'ConnectionTimeoutError'
  }

  /** Limit, in use, waiting, and who holds the connections. */
  get report(): GateReport {
    return this.#report
  }
}

/** T2: work that was started inside a transaction ran on after its end; it was not sent. */
export class TransactionEndedError extends MayflyError {
  readonly code = 'MAYFLY_TRANSACTION_ENDED'
  /** The context: its class and a number. */
  readonly context: string
  /** How the transaction ended: `was rolled back`, `was lost with its connection`. */
  readonly how: string

  constructor(message: string, context: string, how: string, options?: ErrorOptions) {
    super(message, options)
    this.context = context
    this.how = how
  }

  override get name(): string {
    return 'TransactionEndedError'
  }
}

/**
 * What was wrong with a transaction: it had `ended` already; one inside it was open when its end was asked for (`innerOpen`) or
 * when its work returned (`leftOpen`); a statement ended it on the server (`endedByStatement`); the dialect or the context does not
 * offer it (`unsupported`); it could not be cleaned up (`notClean`); a statement would have begun or ended one past Mayfly (`rawStatement`); the
 * server did nothing more in it after an error (`failed`).
 */
export type TransactionProblem =
  | 'ended'
  | 'innerOpen'
  | 'leftOpen'
  | 'endedByStatement'
  | 'unsupported'
  | 'notClean'
  | 'rawStatement'
  | 'failed'
  | 'lockOutside'

/** A transaction was used in a way that its state does not allow. */
export class TransactionStateError extends MayflyError {
  readonly code = 'MAYFLY_TRANSACTION_STATE'
  readonly problem: TransactionProblem

  constructor(message: string, problem: TransactionProblem, options?: ErrorOptions) {
    super(message, options)
    this.problem = problem
  }

  override get name(): string {
    return 'TransactionStateError'
  }
}

/**
 * A commit was sent, and its answer never came (a lost connection, `commandTimeout`, the end of its context): the transaction is stored as a whole, or not at
 * all. Sending it again may store it twice. `cause` says how the answer was lost.
 */
export class CommitUncertainError extends MayflyError {
  readonly code = 'MAYFLY_COMMIT_UNCERTAIN'
  /** What was sent. */
  readonly sql: string

  constructor(message: string, sql: string, cause: unknown) {
    super(message, { cause })
    this.sql = sql
  }

  override get name(): string {
    return 'CommitUncertainError'
  }
}

/** A query gave no row, or several, where one was asked for. */
export class RowCountError extends MayflyError {
  readonly code = 'MAYFLY_ROW_COUNT'
  readonly table: string
  readonly found: 'none' | 'several'

  constructor(message: string, table: string, found: 'none' | 'several') {
    super(message)
    this.table = table
    this.found = found
  }

  override get name(): string {
    return 'RowCountError'
  }
}

/**
 * A context has another object for a row already: one row, one object. Change that one, or forget it first.
 */
export class IdentityConflictError extends MayflyError {
  readonly code = 'MAYFLY_IDENTITY_CONFLICT'
  /** The table whose row it is. */
  readonly table: string

  constructor(message: string, table: string) {
    super(message)
    this.table = table
  }

  override get name(): string {
    return 'IdentityConflictError'
  }
}

/**
 * A row that a save was to change or delete is not there any more, or its version has moved on: somebody else was sooner. Nothing of the save is
 * stored. Reload the entities and decide anew.
 */
export class UpdateConcurrencyError extends MayflyError {
  readonly code = 'MAYFLY_UPDATE_CONCURRENCY'
  /** The table of the first of them. */
  readonly table: string
  /** Those whose rows have moved on, and no others. No logger prints them. */
  declare readonly entities: readonly object[]

  constructor(message: string, table: string, entities: readonly object[]) {
    super(message)
    this.table = table
    Object.defineProperty(this, 'entities', { value: entities, enumerable: false })
  }

  override get name(): string {
    return 'UpdateConcurrencyError'
  }
}

/** The work was called off by an `AbortSignal`; `cause` is the signal's reason. */
export class AbortedError extends MayflyError {
  readonly code = 'MAYFLY_ABORTED'

  override get name(): string {
    return 'AbortedError'
  }
}

/** What kind of failure a database reported, the same names for every dialect. */
export type DatabaseErrorKind =
  | 'unique'
  | 'foreignKey'
  | 'notNull'
  | 'check'
  | 'deadlock'
  | 'lockTimeout'
  | 'serialization'
  | 'connectionLost'
  | 'connectionRefused'
  | 'accessDenied'
  | 'unknownDatabase'
  | 'unknownTable'
  | 'unknownColumn'
  | 'cancelled'
  | 'timeout'
  | 'readOnly'
  | 'tooManyConnections'
  | 'notReady'
  | 'tooLarge'
  | 'syntax'
  | 'value'
  | 'other'

/** A failure that the database or its driver reported; `cause` is the driver's own error. */
export class DatabaseError extends MayflyError {
  readonly code: 'MAYFLY_DATABASE' | 'MAYFLY_CONNECTION_LOST' = 'MAYFLY_DATABASE'
  readonly kind: DatabaseErrorKind
  /** The statement with placeholders, where there was one. */
  readonly sql: string | undefined
  /** The constraint, column, table or host that it is about, where the driver names one. */
  declare readonly detail?: string
  /** What it is about, where the driver tells these apart: on PostgreSQL. */
  declare readonly table?: string
  declare readonly column?: string
  declare readonly constraint?: string
  /** Whose row a save failed on, where that is known. No logger prints it. */
  declare readonly entities?: readonly object[]
  /** Where a lock did not come, or a statement not to its end: contexts of the same scope that kept a transaction open meanwhile, and did nothing in it. */
  declare readonly suspects?: readonly ConnectionHolder[]

  constructor(
    message: string,
    kind: DatabaseErrorKind,
    sql: string | undefined,
    cause: unknown,
    detail?: string,
  ) {
    super(message, { cause })
    this.kind = kind
    this.sql = sql
    hideLongSql(this)
    if (detail !== undefined) this.detail = detail
  }

  override get name(): string {
    return 'DatabaseError'
  }
}

/** T6: the connection broke; what ran on it did not finish, and a transaction on it is gone. */
export class ConnectionLostError extends DatabaseError {
  override readonly code = 'MAYFLY_CONNECTION_LOST'

  override get name(): string {
    return 'ConnectionLostError'
  }
}

/** A statement of many pages is there for whoever asks for it; a logger prints the beginning, which the message shows. */
function hideLongSql(error: { readonly sql?: string | undefined }): void {
  if (error.sql !== undefined && error.sql.length > SHOWN_SQL)
    Object.defineProperty(error, 'sql', { enumerable: false })
}

// ---- containers -----------------------------------------------------------------------------------------------------

export function scopeEnded(scope: string, wanted: string): ScopeEndedError {
  return new ScopeEndedError(
    `${wanted} was asked of ${scope}, which has ended. Await all work before the end of its scope; for work that goes on ` +
      'longer, use runInScope(container, work).',
    scope,
    wanted,
  )
}

export function disposalAwaitsItself(scope: string): ScopeEndedError {
  return new ScopeEndedError(
    `A disposer awaits the disposal of ${scope}, which waits for that disposer. A disposer ends its own object only.`,
    scope,
    'dispose()',
  )
}

export function containerEnds(): AbortedError {
  return new AbortedError('The container is being disposed, and its grace period is over.')
}

export function disposersFailed(scope: string, count: number): string {
  return `${count} disposers failed when ${scope} was disposed.`
}

/** @param chain from the outermost to the scoped one */
export function captiveDependency(chain: readonly DependencyStep[]): CaptiveDependencyError {
  const words = chain.map(({ name, lifetime }) => `${name} (${lifetime})`)
  if (chain.length === 1) {
    return new CaptiveDependencyError(
      `${words[0]!} was resolved from the root container, where it would live as long as the app. Resolve it from a scope: ` +
        'scopePerRequest, runInScope(container, work) or container.createScope().',
      chain,
    )
  }
  return new CaptiveDependencyError(
    `${words.join(' -> ')}: ${words[0]!} is built from the root container and would keep what lives only as long as a scope. ` +
      'Make it scoped, or for a context let it depend on the factory.',
    chain,
  )
}

export function verificationFailed(
  findings: readonly Finding[],
  unreadable: readonly Unreadable[],
): VerificationError {
  const lines = findings.map(({ text }) => `\n  ${text}`).join('')
  const unread = unreadable.map(({ name, why }) => `\n  ${name}: ${why}`).join('')
  return new VerificationError(
    `The container has ${findings.length} wrong registration${findings.length === 1 ? '' : 's'}:${lines}` +
      (unread === '' ? '' : `\nThese could not be read, and were not checked:${unread}`),
    findings,
    unreadable,
  )
}

export function singletonOnScope(name: string): RegistrationError {
  return new RegistrationError(
    `"${name}" is a singleton, and was registered on a scope, with which it would end. Register it on the container, or make it scoped.`,
    { registration: name },
  )
}

export function notAContainer(call: string): RegistrationError {
  return new RegistrationError(
    `${call} needs a container that createContainer() of 'mayfly' made.`,
    { call },
  )
}

export function notAnyContainer(call: string): RegistrationError {
  return new RegistrationError(
    `${call} needs a container first: ${call}(container, 'shop', ShopContext, { dialect }).`,
    { call },
  )
}

export function registrationOnScope(): RegistrationError {
  return new RegistrationError('Contexts are registered once, on the container; this is a scope.')
}

export function wrongName(call: string, name: unknown): RegistrationError {
  const needs = typeof name === 'symbol' ? 'a text as its name, and got a symbol' : 'a name first'
  return new RegistrationError(
    `${call} needs ${needs}: ${call}('shop', ShopContext, { dialect }).`,
    { call },
  )
}

export function nameAnswered(call: string, name: string): RegistrationError {
  return new RegistrationError(
    `${call}('${name}'): JavaScript asks every object for ${name}, and a cradle answers, so it cannot be the name of a context. Take another one.`,
    { call, registration: name },
  )
}

export function nothingToRegister(): RegistrationError {
  return new RegistrationError(
    'register() needs a name and a resolver, or an object of resolvers: register({ clock: asClass(Clock).singleton() }).',
    { call: 'register' },
  )
}

export function notAResolver(name: string, value: unknown): RegistrationError {
  const got = value === undefined ? 'no resolver' : `${describeKind(value)}, which is no resolver`
  return new RegistrationError(
    `register(): "${name}" got ${got}. Use asClass(...) for a class, asFunction(...) for a function that makes it, asValue(...) for a value.`,
    { call: 'register', registration: name },
  )
}

/** What may be behind a name that a cradle does not have. */
export function cradleAsParameter(): string {
  return (
    'If a constructor took it for one of its dependencies: it got the cradle, which has all of them, as in constructor({ shop }). ' +
    'For a parameter for each, as in constructor(shop), register it with .classic(), or make the container with ' +
    '{ injectionMode: InjectionMode.CLASSIC }.'
  )
}

export function nameTaken(where: string, name: string): RegistrationError {
  return new RegistrationError(
    `${where}: the name "${name}" is registered already. Give each registration a name of its own.`,
    { registration: name },
  )
}

export function poolSizesDisagree(
  name: string,
  had: string,
  hadSize: number,
  wants: string,
  size: number,
): RegistrationError {
  return new RegistrationError(
    `${wants}('${name}') says poolSize ${size} and ${had}('${name}') ${hadSize}, but one name has one pool. Give the size once.`,
    { call: wants, registration: name, argument: 'poolSize' },
  )
}

/** P6 asks for a `RangeError`; its `code` is that of the other registration errors. */
export function wrongPoolSize(where: string): RangeError {
  return Object.assign(
    new RangeError(`${where}: poolSize must be a whole number of contexts, 1 or more.`),
    {
      code: 'MAYFLY_REGISTRATION' satisfies MayflyErrorCode,
    },
  )
}

export function resetMissing(where: string): RegistrationError {
  return new RegistrationError(
    `${where}: a pool of sessions that are not Mayfly's needs reset(session), or what one request left in a session would reach the next. ` +
      'Give the provider a reset, or use addDbContext.',
  )
}

export function unknownContext(name: string): RegistrationError {
  return new RegistrationError(
    `removeDbContext('${name}'): no context of this name is registered.`,
    { call: 'removeDbContext', registration: name },
  )
}

export function registrationsDisagree(where: string, earlier: string): RegistrationError {
  return new RegistrationError(
    `${where} says again what ${earlier} has said: one name has one class, one set of options, one way to be resolved and one factory.`,
  )
}

export function contextUndescribed(call: string, name: string): RegistrationError {
  return new RegistrationError(
    `${call}('${name}'): no context of this name is registered. Give its class and options: ${call}('${name}', Context, { dialect }).`,
    { call, registration: name },
  )
}

export function notAContext(where: string, value: unknown): RegistrationError {
  const what = typeof value === 'function' ? value.name || 'a function' : describeKind(value)
  return new RegistrationError(
    `${where}: ${what} is no context. Pass a class that extends DbContext.`,
  )
}

function describeKind(value: unknown): string {
  return value === null || value === undefined
    ? String(value)
    : /^[aeiou]/.test(typeof value)
      ? `an ${typeof value}`
      : `a ${typeof value}`
}

export function singletonContext(name: string): RegistrationError {
  return new RegistrationError(
    `addDbContext('${name}'): a context cannot be a singleton. It is one unit of work and allows one operation at a time; shared by all ` +
      'requests it would refuse most of them. Use the scoped default, or addDbContextFactory.',
    { call: 'addDbContext', registration: name, argument: 'lifetime' },
  )
}

export function wrongLifetime(name: string): RegistrationError {
  return new RegistrationError(
    `addDbContext('${name}'): lifetime must be 'scoped' or 'transient'.`,
    { call: 'addDbContext', registration: name, argument: 'lifetime' },
  )
}

export function noSession(name: string, made: unknown): RegistrationError {
  return new RegistrationError(
    `create() of the provider '${name}' gave ${describeKind(made)}. It must give a session: an object or a function.`,
  )
}

export function sessionIsPromise(name: string): RegistrationError {
  return new RegistrationError(
    `create() of the provider '${name}' gave a promise. It is synchronous, so that a scope can give the session at once: connect before, ` +
      'and register what it needs.',
  )
}

export function onLeaseAsync(name: string): RegistrationError {
  return new RegistrationError(
    `onLease of '${name}' returned a promise. It is synchronous, so that nobody gets a context that is not ready: register what it needs in the scope.`,
    { registration: name, argument: 'onLease' },
  )
}

// ---- contexts -------------------------------------------------------------------------------------------------------

/** What `running` was in the way of; both are remembered as they were at that moment. */
export function concurrentOperation(
  context: string,
  running: OperationFacts,
  refused: OperationFacts,
): ConcurrentOperationError {
  const open = running.kind === 'stream' ? ' A stream stays open until its loop has ended.' : ''
  return secondOperation(
    context,
    `${context} was running ${operation(running)} for ${ms(running.age)}, when ${operation(refused)} was started.${open} ` +
      'Nothing was sent for the second one. Await the first, or give each parallel task a context of its own: ' +
      'factory.parallel({ ... }).',
    running,
    refused,
  )
}

export function nestedTransactionOpen(
  context: string,
  nested: OperationFacts,
  refused: OperationFacts,
): ConcurrentOperationError {
  return secondOperation(
    context,
    `${context} has a nested transaction open, and until it ends nothing may run in the outer one. Await the nested transaction first.`,
    nested,
    refused,
  )
}

export function transactionOfAnotherFlow(
  context: string,
  open: OperationFacts,
  refused: OperationFacts,
): ConcurrentOperationError {
  return secondOperation(
    context,
    `${context} is inside a transaction, and another one was begun from outside of its work. Await the first transaction, or give each ` +
      'parallel task a context of its own: factory.use(db => db.transaction(...)).',
    open,
    refused,
  )
}

function secondOperation(
  context: string,
  what: string,
  running: OperationFacts,
  refused: OperationFacts,
): ConcurrentOperationError {
  return new ConcurrentOperationError(
    `A second operation was started on this context before a previous operation completed: ${what}`,
    context,
    factsOf(running),
    factsOf(refused),
  )
}

/** An operation goes on, and holds more than its facts. */
function factsOf({ kind, sql, age, line }: OperationFacts): OperationFacts {
  return { kind, sql, age, line }
}

export function contextDisposed(context: string, reason: string): ContextDisposedError {
  return new ContextDisposedError(
    `${context} was used after its end: it was ${reason}. Keep a context, its sets and its queries no longer than its ` +
      'scope; for work that goes on, use runInScope() or a factory.',
    context,
    reason,
  )
}

export function contextLeaked(
  context: string,
  age: number,
  line: string | undefined,
  how: string,
): string {
  return (
    `${context}${line === undefined ? '' : `, made at ${line}`}, ${ms(age)} old, was never disposed and ${how}. ` +
    'Use factory.use() or factory.parallel(), or hold it with: await using db = factory.createDbContext().'
  )
}

export function scopeDropped(
  scope: string,
  line: string | undefined,
  left: readonly string[],
): string {
  return (
    `${scope}${line === undefined ? '' : `, opened at ${line},`} was dropped and never disposed. What it had not disposed: ${left.join(', ')}. ` +
    'Connections were taken back; no disposer ran. Call scope.dispose() when its work is done, or use runInScope(container, work). ' +
    'Told once for each place; stats().droppedScopes counts them all.'
  )
}

export function optionsNotPassed(className: string): RegistrationError {
  return new RegistrationError(
    `${className} got no options: its constructor must pass them on with super(options), or it was made by hand ` +
      `without any. By hand: new ${className}({ dialect }).`,
  )
}

export function modelUnreadable(className: string | undefined, cause: unknown): RegistrationError {
  return new RegistrationError(
    `modelOf(${className ?? '...'}) makes a context, without a database, to read its sets, and that failed. Give it a class that extends DbContext, and ` +
      `what its constructor reads from the cradle: modelOf(${className ?? 'ShopContext'}, { tenant }).`,
    {},
    { cause },
  )
}

export function modelHasNoDatabase(): RegistrationError {
  return new RegistrationError(
    'A context that modelOf() makes has no database: its constructor must declare, and ask nothing.',
  )
}

/** A registration's context whose constructor kept the options that it got, or a part of them. */
export function ticketNotTaken(className: string): RegistrationError {
  return new RegistrationError(
    `${className} does not hand on all the options that its constructor gets, or hands them to another context first, so nobody could end it. ` +
      'Call super(options), or super({ ...options, commandTimeout: 100 }) to say one of them differently.',
  )
}

export function optionOverridden(className: string, name: string): RegistrationError {
  return new RegistrationError(
    `${className} overrides the option ${name} in its constructor, but ${name} belongs to the registration, which has opened the dialect. ` +
      'Say it there; another dialect is another registration.',
  )
}

export function dialectMissing(where: string): RegistrationError {
  return new RegistrationError(
    `${where} has no dialect. Pass { dialect: mysql(url) } from 'mayfly/mysql2', { dialect: postgres(url) } from ` +
      "'mayfly/postgres', { dialect: sqlite(file) } from 'mayfly/sqlite', or any Kysely dialect.",
  )
}

/** A function that makes one dialect for all scopes asked for what only scopes have. */
export function dialectFunctionOfScope(
  label: string,
  name: string,
  cause: unknown,
): RegistrationError {
  return new RegistrationError(
    `The dialect function of '${label}' could not read "${name}": it is called once and gets the container's cradle, because its dialect serves all ` +
      'scopes. Register the value on the container; for a dialect per tenant use ' +
      `dialect: dialectPerKey({ key: ({ ${name} }) => ${name}, open: ${name} => ... }).`,
    { registration: label, argument: 'dialect' },
    { cause },
  )
}

export function dialectKeyUnreadable(
  label: string,
  scope: string,
  name: string,
  cause: unknown,
): RegistrationError {
  return new RegistrationError(
    `The key of the dialect of '${label}' could not be read from ${scope}: "${name}" cannot be resolved there. Register it in the scope before the ` +
      `context is resolved; the container itself has no key: use a scope, such as runInScope(container, { register: { ${name}: asValue(...) } }, work).`,
    { registration: label, argument: 'dialect' },
    { cause },
  )
}

/** @param where the context and its scope */
export function dialectKeyWrong(where: string, key: unknown): RegistrationError {
  return new RegistrationError(
    `The key of the dialect of ${where} is ${describeKind(key)}. It must be a text that is not empty, a number or a bigint, which are the same for the ` +
      'same tenant; key() is synchronous.',
  )
}

export function dialectOfKeyMissing(where: string, made: unknown): RegistrationError {
  return new RegistrationError(
    `open() of the dialects of ${where} gave ${describeKind(made)} in place of a dialect. It is synchronous: look up what it needs before, and ` +
      'register it in the scope.',
  )
}

export function invalidOption(name: string, expected: string): RegistrationError {
  return new RegistrationError(`The option ${name} must be ${expected}.`, { argument: name })
}

export function unknownOption<E extends MayflyError>(
  kind: new (message: string, facts: { readonly argument: string }) => E,
  where: string,
  name: string,
  meant: string | undefined,
  known: readonly string[],
): E {
  const advice =
    meant === undefined
      ? known.length === 0
        ? 'It takes none.'
        : `It takes ${known.join(', ')}.`
      : `Did you mean ${meant}?`
  return new kind(`${where} has no option ${JSON.stringify(name)}. ${advice}`, { argument: name })
}

export function optionsNoObject<E extends MayflyError>(
  kind: new (message: string) => E,
  where: string,
): E {
  return new kind(`The options of ${where} must be an object.`)
}

/** @param why what `parallel` got in place of work */
export function noWork(why: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `parallel() has nothing that it could run: ${why}. Nothing has run. Give it functions, as an object or a sequence: ` +
      'parallel({ orders: db => ... }); or items and one function for all: parallel(ids, (db, id) => ...).',
  )
}

export function aborted(context: string, signal: AbortSignal): AbortedError {
  return new AbortedError(`${context} started nothing more: its signal was aborted.`, {
    cause: signal.reason,
  })
}

// ---- queries --------------------------------------------------------------------------------------------------------

export function invalidParameter(
  position: number,
  what: string,
  sql: string,
): InvalidArgumentError {
  return new InvalidArgumentError(
    `Parameter ${position} is ${what}, which no database stores. Nothing was sent. Pass a value, or null for none. ` +
      `SQL: ${shownSql(sql)}`,
    { position, sql },
  )
}

/**
 * A column of a set that the table keeps in another way, so that its values would be others.
 * @param database as people call it
 * @param type of the declaration, `json`
 * @param declared its type in the table
 * @param problem what the database does with it, and what to make the column
 */
export function columnUnfit(
  database: string,
  column: string,
  type: string,
  declared: string,
  problem: string,
): InvalidArgumentError {
  return new InvalidArgumentError(
    `${column} is declared as ${type}() by its set, and as ${declared} by its table, where ${database} ${problem}, or declare ` +
      'what it is. Nothing was sent.',
    { argument: column },
  )
}

export function invalidColumnValue(
  table: string,
  column: string,
  what: string,
): InvalidArgumentError {
  return new InvalidArgumentError(`${table}.${column} ${what}.`, {
    argument: `${table}.${column}`,
  })
}

/** @param what `takes a valid Date` */
export function invalidDefault(type: string, what: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `default() was given a wrong value: a column of ${type}() ${what}.`,
  )
}

export function unknownColumn(table: string, columns: readonly string[]): InvalidArgumentError {
  return new InvalidArgumentError(
    `${table} was asked for a column that its set does not name. Nothing was sent. It names ${columns.join(', ')}; a name that comes from a ` +
      'request must be one of those that you allow.',
  )
}

export function invalidCount(method: string): InvalidArgumentError {
  return new InvalidArgumentError(`${method}() takes a whole number of rows, 0 or more.`, {
    argument: method,
  })
}

export function orderWithDirection(method: 'orderBy' | 'thenBy'): InvalidArgumentError {
  return new InvalidArgumentError(
    `${method}() takes one column, and got something after it. The direction is the method: ${method}(column), or ${method}Descending(column).`,
    { argument: method },
  )
}

export function invalidOrder(table: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `An order of ${table} needs the name of a column; what it got is none, and was not sent. A name that comes from a request must be one of ` +
      'those that you allow; the direction is the method (orderByDescending).',
  )
}

export function invalidCondition(table: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `where() on ${table} needs a column, an operator and a value, or one expression; it got one argument that is no expression. ` +
      "A condition that comes from a request must be taken apart: where('name', '=', req.query.name).",
  )
}

export function invalidLeftSide(table: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `where() on ${table} compares a column; its first argument is neither the name of one nor an expression.`,
  )
}

export function invalidOperator(table: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `where() on ${table} got an operator that compares nothing. Use =, !=, <, <=, >, >=, like, in, is or another comparison of the ` +
      'database; one that comes from a request must be one of those that you allow.',
  )
}

export function noExpression(table: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `where() on ${table} got a function for a value, and the function gave no expression. Pass the value itself, or give an expression: ` +
      "eb => eb.ref('otherColumn').",
  )
}

export function objectAsValue(table: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `where() on ${table} got an object for a value, which drivers take for different things. Pass text, a number, a boolean, a Date, bytes or ` +
      'null; for a document declare the column with json().',
  )
}

export function listNeeded(table: string, operator: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `where() on ${table} compares by "${operator}", which takes a list of values, and got none. Nothing was sent. Pass an array; for one value use =.`,
  )
}

export function listRefused(table: string, operator: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `where() on ${table} compares by "${operator}", which takes one value, and got a list. Nothing was sent. For one of several values use in.`,
  )
}

export function truthNeeded(table: string, operator: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `where() on ${table} compares by "${operator}", which takes null, true or false. Nothing was sent. For any other value use = or !=.`,
  )
}

export function filterWithoutQuery(table: string, given: unknown): InvalidArgumentError {
  const what =
    given instanceof Promise
      ? 'a promise; a filter cannot wait'
      : given === undefined
        ? 'nothing; give the query that it got where there is nothing to add'
        : 'something that is no query'
  return new InvalidArgumentError(
    `The filter of ${table} gave ${what}. Nothing was sent. A filter adds conditions to the query that it gets: ` +
      "filter: query => query.where('tenantId', '=', this.tenantId).",
  )
}

/** @param other `Query(orders) of ShopContext#3` */
export function filterOfOtherRows(table: string, other: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `The filter of ${table} gave ${other}, whose rows are others. Nothing was sent. A filter adds conditions to the query that it gets; for ` +
      'rows of another table, use an expression: query.where(eb => eb.exists(...)).',
  )
}

export function filterNotConditions(table: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `The filter of ${table} orders, limits or builds. Nothing was sent. A filter adds conditions, and nothing else: where(...).`,
  )
}

export function thenByWithoutOrderBy(method: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `${method}() refines an order: call orderBy() or orderByDescending() first.`,
    { argument: method },
  )
}

export function invalidKey(table: string, key: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `find() on ${table} needs one value for its key ${key}; it got none, NaN, a list or an object. Check the input, e.g. Number(req.params.id).`,
    { argument: `${table}.${key}` },
  )
}

/** @param given what the type of the key was, and `has` that of the row */
export function invalidKeyParts(table: string, keys: readonly string[]): InvalidArgumentError {
  return new InvalidArgumentError(
    `find() on '${table}' needs the parts of its key by name, and no others: find({ ${keys.join(', ')} }).`,
    { argument: `${table}.find` },
  )
}

export function keyConverted(
  table: string,
  key: string,
  given: string,
  has: string,
): InvalidArgumentError {
  return new InvalidArgumentError(
    `find() on ${table} got a ${given} for its key ${key}, which is a ${has} there: the server took one for the other, and the row that it found ` +
      `may be another one. Pass a ${has}, e.g. Number(req.params.id); with the column declared (integer(), text()) a wrong key is refused ` +
      'before it is sent.',
    { argument: `${table}.${key}` },
  )
}

export function invalidSet(context: string, table: string, what: string): RegistrationError {
  return new RegistrationError(`The set ${JSON.stringify(table)} of ${context} ${what}.`)
}

export function columnNameTwice(
  context: string,
  table: string,
  property: string,
  column: string,
): RegistrationError {
  return invalidSet(
    context,
    table,
    `calls the column of ${property} '${column}', but a property and its column have one name each, the same in all sets of the table, ` +
      'and no column has the name of another property',
  )
}

export function nameDoesNotSurvive(
  context: string,
  table: string,
  property: string,
  naming: string,
  back: string,
): RegistrationError {
  return invalidSet(
    context,
    table,
    `has the property ${property}, which naming: '${naming}' reads back as ${back}. Call it ${back} in the interface, or say the name of its column: ` +
      `column('${property}')`,
  )
}

/** A set on a database that spells the simplest question in another way. */
export function lockUnsupported(table: string, why: string): InvalidArgumentError {
  return new InvalidArgumentError(`forUpdate() or forShare() on '${table}': ${why}.`, {
    argument: `${table}.forUpdate`,
  })
}

export function lockOutsideTransaction(table: string): TransactionStateError {
  return new TransactionStateError(
    `Rows of '${table}' were to be locked outside of a transaction, so that the lock would be gone before anybody could use it. Put the query and what ` +
      'depends on it into db.transaction(...).',
    'lockOutside',
  )
}

export function afterWithoutColumn(table: string, column: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `after() on '${table}' needs the row's '${column}', by which the query is ordered; the key is part of every order. Give it a row, or its columns.`,
    { argument: `${table}.after` },
  )
}

export function orderNeeded(table: string, method: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `${method}() on '${table}' needs an order: without one the database gives rows as it likes, and pages have some twice and others never. Say ` +
      'orderBy() before it.',
    { argument: `${table}.${method}` },
  )
}

export function setBasedOfPart(table: string, method: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `${method}() on '${table}' goes by conditions alone: not every database changes the first rows of an order, or rows of a join. Find the keys by a ` +
      "query, and use where('id', 'in', keys).",
    { argument: `${table}.${method}` },
  )
}

export function changesMissing(table: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `executeUpdate() on '${table}' takes the columns that change and their values, or a function that makes them: executeUpdate({ name: 'Ada' }).`,
    { argument: `${table}.executeUpdate` },
  )
}

export function aggregateOfText(table: string, column: string, type: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `'${table}.${column}' is declared as ${type}(), which cannot be added up.`,
    { argument: `${table}.${column}` },
  )
}

export function notText(table: string, method: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `${method}() on '${table}' looks for text in a column of text; it got something else.`,
    { argument: `${table}.${method}` },
  )
}

export function twiceInMap(table: string, column: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `toMap('${column}') of '${table}' has several rows with the same value, and a map has one of each. Use a column that is unique, or Map.groupBy.`,
    { argument: `${table}.toMap` },
  )
}

export function rowCount(table: string, found: 'none' | 'several'): RowCountError {
  return new RowCountError(
    found === 'none'
      ? `There is no such row in '${table}'. Where that may be, use first() or single(), which give undefined.`
      : `There are several such rows in '${table}', and one was asked for. Say more, or use first().`,
    table,
    found,
  )
}

export function includeUnknown(
  table: string,
  name: string,
  relations: readonly string[],
): InvalidArgumentError {
  const known =
    relations.length > 0 ? `It has ${relations.join(', ')}` : 'It declares none: relations: { ... }'
  return new InvalidArgumentError(`The set '${table}' has no relation '${name}'. ${known}.`, {
    argument: `${table}.include`,
  })
}

export function includeOfSelection(table: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `include() on '${table}' needs whole rows, and select() has left only some of their columns. Select columns of what is included: ` +
      "include('orders', orders => orders.select('id', 'amount')).",
    { argument: `${table}.include` },
  )
}

export function includeOfOtherTable(
  table: string,
  name: string,
  related: string,
): InvalidArgumentError {
  return new InvalidArgumentError(
    `include('${name}') on '${table}' takes a query on '${related}', or a function that makes one of the query that it gets.`,
    { argument: `${table}.include` },
  )
}

export function includeWithoutSet(table: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `A relation leads to '${table}', and its context has no set of that table. Declare one: readonly ${table} = this.set('${table}', { ... }).`,
    { argument: 'include' },
  )
}

export function includeAmbiguous(table: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `A relation leads to '${table}', of which the context has several sets. Say which: include(name, db.${table}).`,
    { argument: 'include' },
  )
}

export function includeKeyOfSeveral(table: string, name: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `The relation '${name}' goes by the key of '${table}', which has several columns, and a relation goes by one. Load the rows with a query of their own.`,
    { argument: 'include' },
  )
}

export function includeBuilt(table: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `A query on '${table}' that build() has changed has no relations: its rows need not be those of the table. Use include() without build(), or join.`,
    { argument: 'include' },
  )
}

export function includeInStream(table: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `The rows of '${table}' are read one by one, and nothing else can be read meanwhile. Use include() with toList(), or page by page.`,
    { argument: 'include' },
  )
}

export function relatedMissing(table: string, name: string, other: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `A row of '${table}' refers to one of '${other}' that is not there, or that a filter hides. Declare '${name}' by oneOrNone() where that may be, or ` +
      'mend the rows.',
    { argument: `${table}.${name}` },
  )
}

export function relatedUnknown(table: string, name: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `'${table}.${name}' is an object that the context does not know, so that there is no key to refer to. add() or attach() it first.`,
    { argument: `${table}.${name}` },
  )
}

export function relatedDiffers(table: string, name: string, column: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `A new row of '${table}' has '${name}' and '${column}', and they do not mean the same row. Give one of them.`,
    { argument: `${table}.${name}` },
  )
}

export function referencesInCircle(table: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `New rows of '${table}' refer to each other in a circle, and none of them can be inserted before the other. Save one without its reference first, ` +
      'and set that in a second save.',
    { argument: table },
  )
}

// ---- tracking and saving --------------------------------------------------------------------------------------------

export function notAnEntity(table: string, method: string, what: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `${method}() of '${table}' takes an object whose properties are the columns of a row; it got ${what}.`,
    { argument: `${table}.${method}` },
  )
}

export function entityFrozen(table: string, method: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `${method}() of '${table}' got an object that cannot be changed (frozen, sealed or not extensible), and the context writes into it what the ` +
      'database makes. Give it a copy: { ...entity }.',
    { argument: `${table}.${method}` },
  )
}

export function entityWithoutKey(
  table: string,
  method: string,
  column: string,
): InvalidArgumentError {
  return new InvalidArgumentError(
    `${method}() of '${table}' needs the key of the row, and '${column}' has no value. A row that is not in the database yet is for add().`,
    { argument: `${table}.${column}` },
  )
}

export function keyMissing(table: string, column: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `A new row of '${table}' has no value for '${column}', which is of its key and not made by the database. Give it one before saveChanges().`,
    { argument: `${table}.${column}` },
  )
}

export function keyChanged(table: string, column: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `The key of a row of '${table}' was changed ('${column}'), and a row is who it is by its key. Give it back its value; to move a row to another ` +
      'key, remove it and add a new one.',
    { argument: `${table}.${column}` },
  )
}

export function columnFixed(table: string, column: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `'${table}.${column}' was changed, and it is declared as one that never is (fixed(), generatedAlways()). Give it back its value.`,
    { argument: `${table}.${column}` },
  )
}

export function unknownProperty(
  table: string,
  property: string,
  columns: readonly string[],
): InvalidArgumentError {
  return new InvalidArgumentError(
    `The set '${table}' is complete, and has no column '${property}'. It has ${columns.join(', ')}.`,
    { argument: `${table}.${property}` },
  )
}

export function valueUndefined(table: string, column: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `'${table}.${column}' is undefined, which is no value of a database. Say null for none.`,
    { argument: `${table}.${column}` },
  )
}

export function valueNoScalar(table: string, column: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `'${table}.${column}' holds what an undeclared column cannot: NaN, or an object that is no Date and no bytes. Declare the column, json() for ` +
      'documents, or mend the value.',
    { argument: `${table}.${column}` },
  )
}

export function trackedAlready(table: string, method: string, state: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `${method}() of '${table}' got an object that this context knows already, as ${state}. What you change on it is saved by saveChanges().`,
    { argument: `${table}.${method}` },
  )
}

export function trackedElsewhere(table: string, other: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `The object is a row of '${other}' to this context, and cannot be one of '${table}' as well.`,
    { argument: table },
  )
}

export function identityConflict(table: string): IdentityConflictError {
  return new IdentityConflictError(
    `The context has another object for the same row of '${table}': one row, one object. Change that one (find() gives it), or forget all of them ` +
      'first, with changeTracker.clear().',
    table,
  )
}

export function notTracked(): InvalidArgumentError {
  return new InvalidArgumentError(
    'The context does not know this object, so there is no row to reload: attach() or find() it first.',
  )
}

export function checkpointOfAnother(): InvalidArgumentError {
  return new InvalidArgumentError(
    'restore() takes what checkpoint() of the same context gave, and nothing else.',
    { argument: 'checkpoint' },
  )
}

export function notYetMade(table: string, column: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `${table}.${column} is made by the database: it is known after saveChanges().`,
    { argument: `${table}.${column}` },
  )
}

export function updateConcurrency(
  table: string,
  entities: readonly object[],
  verb: 'insert' | 'update' | 'delete',
): UpdateConcurrencyError {
  const rows = entities.length === 1 ? 'A row' : `${entities.length} rows`
  return new UpdateConcurrencyError(
    `${rows} of '${table}' that saveChanges() was to ${verb} ${entities.length === 1 ? 'is' : 'are'} not there any more, or ` +
      'somebody else has changed them meanwhile. Nothing of this save is stored. `error.entities` has them: reload them with db.entry(entity).reload(), ' +
      'and decide anew.',
    table,
    entities,
  )
}

export function saveUncertain(context: string, failure: Error): CommitUncertainError {
  return new CommitUncertainError(
    `The answer to a save of ${context} was lost: all of it is stored, or nothing of it. Until that is known saveChanges() refuses to write it again: ` +
      'look with db.entry(entity).reload(), or begin anew with changeTracker.clear().',
    'save',
    failure,
  )
}

export function schemaNeedsComplete(context: string, tables: readonly string[]): RegistrationError {
  const one = tables.length === 1
  return new RegistrationError(
    `ensureCreated() makes tables of sets that name every column, and ${context} has ${one ? 'a set' : 'sets'} that ${one ? 'does' : 'do'} not: ` +
      `${tables.join(', ')}. Give ${one ? 'it' : 'them'} complete: true with all columns, or write a migration.`,
  )
}

/** @param why what is not said of the column */
export function schemaUnsaid(table: string, column: string, why: string): RegistrationError {
  return new RegistrationError(
    `ensureCreated() cannot make ${table}.${column}: ${why}. Write a migration for the table, or say it in the set.`,
  )
}

export function schemaOfOther(given: unknown): InvalidArgumentError {
  return new InvalidArgumentError(
    `ensureCreated() takes a context: ensureCreated(db). It was given ${given === null ? 'null' : typeof given}.`,
    { argument: 'context' },
  )
}

export function onRemoveUnknown(): InvalidArgumentError {
  return new InvalidArgumentError(
    "The onRemove of a relation is 'cascade', or is left out: many('lines', 'orderId', { onRemove: 'cascade' }).",
    { argument: 'onRemove' },
  )
}

export function versionNoNumber(table: string, name: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `'${name}' is the version of '${table}', and holds something else than a whole number, so that a save cannot move it on. Make the column an integer, or declare it: dateTime(), or generatedAlways() where the database moves it on.`,
    { argument: `${table}.${name}` },
  )
}

export function upsertWithout(table: string, name: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `upsert() on '${table}' looks for a row by '${name}', and the object has no value for it. Give it one, or say by what the row is known: ` +
      "upsert(row, { onConflict: ['email'] }).",
    { argument: `${table}.upsert` },
  )
}

export function upsertBy(table: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `upsert() on '${table}' takes the columns by which a row that is there is known, of a unique key each time together: ` +
      "upsert(row, { onConflict: ['email'] }).",
    { argument: `${table}.upsert` },
  )
}

export function upsertPastFilter(table: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `upsert() on '${table}' would update a row that the filter of its set hides, because an insert asks nothing. The filter holds for saves: look for the ` +
      'row with a query, and add or change it.',
    { argument: `${table}.upsert` },
  )
}

export function upsertOfOther(table: string, conflict: readonly string[]): string {
  return (
    `a row of '${table}' that is known by something else than ${conflict.join(', ')} has a unique value of the new one, and MySQL would have updated ` +
    'that. Nothing was stored'
  )
}

export function upsertUnsupported(table: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `upsert() on '${table}' needs a database whose words for it are known: MySQL, MariaDB, PostgreSQL or SQLite. Look for the row with a query, and add or ` +
      'change it.',
    { argument: `${table}.upsert` },
  )
}

export function interceptorInvalid(): InvalidArgumentError {
  return new InvalidArgumentError(
    'An interceptor is an object with some of saving, saved, saveFailed, committed and rolledBack, each a function.',
    { argument: 'interceptor' },
  )
}

export function saveInsideOfSaving(context: string): ConcurrentOperationError {
  const facts = { kind: 'save', sql: undefined, age: 0, line: undefined }
  return new ConcurrentOperationError(
    `saveChanges() of ${context} was called by the saving of one of its interceptors, which is a part of a save already. What saving adds or changes is ` +
      'saved with the rest: leave the call out. For a save of its own take another context, from a factory.',
    context,
    facts,
    facts,
  )
}

export function stillUncertain(context: string, count: number): CommitUncertainError {
  return new CommitUncertainError(
    `Nobody knows whether ${count === 1 ? 'an entity' : `${count} entities`} of ${context} ${count === 1 ? 'is' : 'are'} stored, because the answer ` +
      'to an earlier save was lost, and to save again may store them twice. Look with db.entry(entity).reload(), or begin anew with ' +
      'changeTracker.clear().',
    'save',
    undefined,
  )
}

export function rowsMissing(table: string, wanted: number, got: number): string {
  return `The database gave back ${got} rows of '${table}' for ${wanted} that were inserted (a trigger may have taken some away), so that nobody knows which key is whose`
}

export function limitUnknown(table: string): RegistrationError {
  return new RegistrationError(
    `The set of ${table} cannot be asked: its dialect is one for SQL Server, which knows no LIMIT, and sets are made for databases that do. ` +
      "Nothing was sent. Use the context's kysely there, with top() or offset() and fetch().",
    { argument: 'dialect' },
  )
}

export function kyselyRefused(method: string, instead: string): TransactionStateError {
  return new TransactionStateError(
    `kysely.${method}() is not the context's to give: ${instead}.`,
    'unsupported',
  )
}

// ---- connections ----------------------------------------------------------------------------------------------------

/** What a gate knows when somebody waited in vain. */
export interface GateReport {
  /** The context that waited: its class and a number. */
  readonly waiter: string
  /** How long it waited (ms). */
  readonly timeout: number
  /** Connections. */
  readonly limit: number
  readonly inUse: number
  /** Requests in the queue. */
  readonly waiting: number
  /** Connections that are being opened or closed. */
  readonly opening: number
  /** Doubtful connections that the dialect cannot close. */
  readonly retired: number
  /** Every connection is held by an idle transaction whose scope waits for another connection (X3). */
  readonly isSelfDeadlock: boolean
  /** Who has a connection, the longest first. */
  readonly holders: readonly ConnectionHolder[]
  /** What the driver says of its servers, where it says something. */
  readonly servers: string | undefined
}

/** Who has a connection. */
export interface ConnectionHolder {
  /** The context: its class and a number. */
  readonly context: string
  readonly scope: string | undefined
  /** `query: select ...`, `idle in a transaction`. */
  readonly activity: string
  /** For how long it has had the connection (ms). */
  readonly age: number
  /** The line of user code that asked for it; `undefined` in production. */
  readonly line: string | undefined
}

export function connectionTimeout(report: GateReport): ConnectionTimeoutError {
  const { limit, inUse, waiting, opening, retired } = report
  const also = [
    ...(opening > 0
      ? [`${opening} still opening or closing (is the database slow to answer?)`]
      : []),
    ...(retired > 0 ? [`${retired} retired: the dialect cannot close a doubtful connection`] : []),
  ]
  const deadlock = report.isSelfDeadlock
    ? ' This is a self-deadlock: every connection is held by an idle transaction whose own scope waits here for another one. Do that work ' +
      'on the context of the transaction, or before or after it.'
    : ''
  return new ConnectionTimeoutError(
    `${report.waiter} got no connection within ${report.timeout} ms: ${inUse} of ${limit} in use, ${waiting} waiting` +
      `${also.map(text => `, ${text}`).join('')}.${deadlock} Hold connections for a shorter time, start less at once ` +
      `(parallel's concurrency), or raise gate.maxConnections.${holdersTable(report.holders)}${report.servers ? `\n${report.servers}` : ''}`,
    report,
  )
}

/** One line for each holder, the columns under one another. */
function holdersTable(holders: GateReport['holders']): string {
  if (holders.length === 0) return ''
  const rows = [
    ['context', 'scope', 'for', 'doing', 'since'],
    ...holders.map(({ context, scope, age, activity, line }) => [
      context,
      scope ?? '',
      ms(age),
      activity,
      line ?? '',
    ]),
  ]
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map(row => row[column]!.length)))
  return rows
    .map(
      row =>
        `\n  ${row
          .map((cell, column) => cell.padEnd(widths[column]!))
          .join('  ')
          .trimEnd()}`,
    )
    .join('')
}

export function gateClosed(context: string): ScopeEndedError {
  return new ScopeEndedError(
    `${context} got no connection: its dialect is closed, because its container was disposed.`,
    'the container',
    `a connection for ${context}`,
  )
}

/** A warning, not an error: nobody waits for the connection any more. */
export function placeTakenBack(context: string, timeout: number): string {
  return (
    `A connection that ${context} asked for and does not use any more has kept its place for ${timeout} ms, because its driver did not answer, or ` +
    'cannot close it. The place is given to others now, so the database may see one connection more than gate.maxConnections until the driver lets go.'
  )
}

/** @param timeout how long the driver was waited for (ms); `undefined` where it closed */
export function dialectLeft(timeout: number | undefined, contexts: readonly string[]): string {
  const driver =
    timeout === undefined
      ? 'A dialect was closed'
      : `A driver did not close within ${timeout} ms and was left`
  const connections =
    contexts.length === 0 ? '' : `, while connections of ${contexts.join(', ')} had not come back`
  return `${driver}${connections}. What they do on the server ends when it answers, or with the process.`
}

export function holdEnded(context: string): ContextDisposedError {
  return new ContextDisposedError(
    `${context} has given its connection back; nothing can be sent on it any more.`,
    context,
    'left without its connection',
  )
}

/** @param phase what was sent */
export function commandTimedOut(
  timeout: number,
  sql: string | undefined,
  phase: SentPhase,
): DatabaseError {
  const { what, after } = PHASES[phase]
  return new DatabaseError(
    `${what[0]!.toUpperCase()}${what.slice(1)} took longer than ${timeout} ms and was given up; its connection was closed, and ${after}. Make it ` +
      `faster, or raise commandTimeout.${sql === undefined ? '' : ` SQL: ${shownSql(sql)}`}`,
    'timeout',
    sql,
    undefined,
  )
}

export function calledOff(
  context: string,
  signal: AbortSignal,
  sql: string | undefined,
): AbortedError {
  return new AbortedError(
    `${context} gave a statement up while it ran, because its signal was aborted; its connection was closed, and a transaction on it is gone. ` +
      `Whether the statement was carried out is not known.${sql === undefined ? '' : ` SQL: ${shownSql(sql)}`}`,
    { cause: signal.reason },
  )
}

/** @param phase what was sent */
export function connectionCut(context: string, phase: SentPhase): ConnectionLostError {
  const { what, after } = PHASES[phase]
  return new ConnectionLostError(
    `The connection of ${context} was closed while ${what} ran on it; its answer never came, and ${after}.`,
    'connectionLost',
    undefined,
    undefined,
  )
}

type SentPhase = 'begin' | 'statement' | 'commit' | 'rollback'

/** What was sent, and what became of a transaction whose connection was closed under it. */
const PHASES: Record<SentPhase, { readonly what: string; readonly after: string }> = {
  begin: { what: 'the begin of a transaction', after: 'the transaction is gone' },
  statement: { what: 'a statement', after: 'a transaction on it is gone' },
  commit: { what: 'a commit', after: 'the transaction may be stored, or not' },
  rollback: { what: 'a rollback', after: 'the transaction is gone' },
}

export function gateConflict(option: string, had: number, wants: number): RegistrationError {
  return new RegistrationError(
    `Two registrations share a dialect, and so its gate, but one has gate.${option} ${had} and the other says ${wants}. ` +
      'Give the value with the first one, or make a dialect for each.',
    { argument: `gate.${option}` },
  )
}

export function databaseError(
  failure: {
    readonly kind: DatabaseErrorKind
    readonly advice?: string
    readonly detail?: string
    readonly table?: string
    readonly column?: string
    readonly constraint?: string
  },
  sql: string | undefined,
  cause: unknown,
): DatabaseError {
  const { kind, advice = databaseAdvice[kind], detail, ...named } = failure
  const code = driverCode(cause)
  const message =
    `${advice}${detail === undefined ? '' : `: ${detail}`}` +
    `${code === undefined ? '' : ` (${code})`}.${sql === undefined ? '' : ` SQL: ${shownSql(sql)}`}`
  const Kind = kind === 'connectionLost' ? ConnectionLostError : DatabaseError
  return Object.assign(new Kind(message, kind, sql, cause, detail), named)
}

/** Tells whoever waited for a lock in vain that his own scope may hold it (its contexts are idle in transactions). */
export function suspect(error: DatabaseError, suspects: readonly ConnectionHolder[]): void {
  const { message, stack } = error
  const who = suspects.map(
    ({ context, age, line }) =>
      `${context} (for ${ms(age)}${line === undefined ? '' : `, since ${line}`})`,
  )
  const told =
    `${message}\nThe same scope keeps a transaction open and does nothing in it: ${who.join(', ')}. If this waited for its locks, nobody else could ` +
    'end the wait: do such work on the context of the transaction, or before or after it.'
  Object.assign(error, { message: told, stack: stack?.replace(message, () => told), suspects })
}

const databaseAdvice: Record<DatabaseErrorKind, string> = {
  unique: 'A row with this key exists already',
  foreignKey: 'A row that this one refers to is missing, or is still referred to',
  notNull: 'A column that needs a value got none',
  check: 'A check constraint refused the row',
  deadlock:
    'Two transactions blocked each other, and this one was rolled back; run it again as a whole',
  lockTimeout: 'A lock was not released in time by another connection; keep transactions short',
  serialization: 'The transaction met a concurrent change; run it again as a whole',
  connectionLost:
    'The connection to the database was lost; what ran on it did not finish, and a transaction on it is gone',
  connectionRefused: 'The database cannot be reached (is it running, and are host and port right?)',
  accessDenied: 'The database refused the user or the password, or the user may not do this',
  unknownDatabase:
    'The database does not exist or cannot be opened; create it, or correct its name',
  unknownTable: 'The table does not exist; has the schema been created?',
  unknownColumn: 'A column does not exist; compare the database interface with the schema',
  cancelled: 'The statement was cancelled',
  timeout: 'The statement took longer than allowed',
  readOnly: 'The server, database or transaction is read-only',
  tooManyConnections:
    'The server has no connection left; lower gate.maxConnections or raise its limit',
  notReady:
    'The server, a node of a cluster, does not serve statements at this moment; try again later or elsewhere',
  tooLarge:
    'The statement or a value is larger than the database takes; send it in parts, or raise the limit (max_allowed_packet)',
  syntax: 'The database did not understand the statement',
  value: 'A value does not fit its column',
  other: 'The database reported an error; see its cause',
}

/**
 * `ER_DUP_ENTRY, 1062`, `SQLITE_BUSY`, `ECONNREFUSED`: names, and the number of a server that has numbers; never a driver's message, which may quote
 * values.
 */
function driverCode(cause: unknown): string | undefined {
  if (typeof cause !== 'object' || cause === null) return undefined
  const { code, errno } = cause as { readonly code?: unknown; readonly errno?: unknown }
  const name = typeof code === 'string' && /^\w+$/.test(code) ? code : undefined
  // Those of sockets are negative.
  if (typeof errno !== 'number' || errno <= 0) return name
  return name === undefined ? `error ${errno}` : `${name}, ${errno}`
}

// ---- transactions ---------------------------------------------------------------------------------------------------

export function transactionEnded(
  context: string,
  how: string,
  loss: unknown,
): TransactionEndedError {
  return new TransactionEndedError(
    `An operation on ${context} was refused, and not sent: the transaction that it belongs to ${how}. ` +
      'Await everything that is started inside transaction() before its work ends; Promise.all leaves its other ' +
      'branches running when one fails.',
    context,
    how,
    loss === undefined ? {} : { cause: loss },
  )
}

export function transactionImplicitlyEnded(
  context: string,
  sql: string | undefined,
): TransactionStateError {
  return new TransactionStateError(
    `A statement ended the transaction of ${context} on the server: what came before it is committed or gone. Run DDL ` +
      `and BEGIN, COMMIT, ROLLBACK outside of transaction().${sql === undefined ? '' : ` SQL: ${shownSql(sql)}`}`,
    'endedByStatement',
  )
}

export function transactionStatement(context: string, sql: string): TransactionStateError {
  return new TransactionStateError(
    `A statement that begins or ends a transaction was not sent, because ${context} is inside one that Mayfly ends; it will be rolled back. ` +
      'Return from transaction(work), or throw, or use commit() and rollback() of beginTransaction(); a transaction() inside is a savepoint. ' +
      `SQL: ${shownSql(sql)}`,
    'rawStatement',
  )
}

export function transactionFailed(
  context: string,
  failure: Error | undefined,
): TransactionStateError {
  return new TransactionStateError(
    `The transaction of ${context} was rolled back: a statement in it had failed, and after that its database does nothing more in a transaction. ` +
      'Let the error of the statement end the work, or put what may fail into a transaction() of its own, which is a savepoint.',
    'failed',
    failure && { cause: failure },
  )
}

export function commitUncertain(context: string, failure: Error): CommitUncertainError {
  return new CommitUncertainError(
    `The answer to a commit of ${context} was lost: all of the transaction is stored, or nothing of it. Look for something that it wrote before you ` +
      'run it again, or write it so that a second time does no harm.',
    'commit',
    failure,
  )
}

export function nestedTransactionLeftOpen(context: string): TransactionStateError {
  return new TransactionStateError(
    `The transaction of ${context} was rolled back: a transaction inside it was still open when its work ended. ` +
      'Await nested transactions, and hold explicit ones with await using.',
    'leftOpen',
  )
}

export function transactionAlreadyEnded(
  verb: string,
  how: string,
  loss: unknown,
): TransactionStateError {
  return new TransactionStateError(
    `${verb}() came too late: the transaction ${how}.`,
    'ended',
    loss === undefined ? {} : { cause: loss },
  )
}

export function innerTransactionOpen(verb: string): TransactionStateError {
  return new TransactionStateError(
    `${verb}() came too early: a transaction inside this one is still open. End it first.`,
    'innerOpen',
  )
}

export function savepointsUnsupported(): TransactionStateError {
  return new TransactionStateError(
    'This dialect has no savepoints, so a transaction cannot be nested. Use the outer one.',
    'unsupported',
  )
}

export function invalidTransactionSettings(
  option: string,
  allowed: readonly string[],
): InvalidArgumentError {
  return new InvalidArgumentError(`${option} must be one of: ${allowed.join(', ')}.`, {
    argument: option,
  })
}

// ---- shared ---------------------------------------------------------------------------------------------------------

export function invalidLimit<E extends MayflyError>(
  kind: new (message: string, facts: { readonly argument: string }) => E,
  name: string,
  unit: string,
): E {
  return new kind(`${name} must be a whole number of ${unit}, 1 or more.`, { argument: name })
}

export function timeoutTooLong<E extends MayflyError>(
  kind: new (message: string, facts: { readonly argument: string }) => E,
  name: string,
  most: number,
): E {
  return new kind(`${name} must be at most ${most} ms (24 days): no timer is longer.`, {
    argument: name,
  })
}

/**
 * Keeps further errors with the one that is thrown, as its `suppressed` (T4, F2): nothing is lost, and the first error stays
 * the one that is seen. A thrown value that can carry none becomes the first of an `AggregateError`.
 */
export function withSuppressed(error: unknown, others: readonly unknown[]): unknown {
  if (others.length === 0) return error
  if (error instanceof Error && Object.isExtensible(error)) {
    const had = (error as { suppressed?: unknown }).suppressed
    const suppressed = Array.isArray(had) ? [...(had as unknown[]), ...others] : [...others]
    return Object.defineProperty(error, 'suppressed', {
      value: suppressed,
      enumerable: true,
      configurable: true,
      writable: true,
    })
  }
  return new AggregateError([error, ...others], String(error))
}

/** The first error, with the others as its `suppressed`. */
export function suppressing([first, ...others]: readonly unknown[]): Error {
  return withSuppressed(first, others) as Error
}

function operation({ kind, sql, line }: OperationFacts): string {
  const article = /^[aeiou]/.test(kind) ? 'an' : 'a'
  return `${article} ${kind}${sql === undefined ? '' : ` [${shownSql(sql)}]`}${line === undefined ? '' : ` (${line})`}`
}

function ms(duration: number): string {
  return duration < 10 ? `${duration.toFixed(1)} ms` : `${Math.round(duration)} ms`
}
