export { createContainer } from './container/container.js'
export {
  addDbContext,
  addDbContextFactory,
  addDbContextPool,
  addPooledDbContextFactory,
  removeDbContext,
} from './container/plain-awilix.js'
export { asClass, asFunction, type ServiceResolver } from './container/resolvers.js'
export {
  aliasTo,
  asValue,
  AwilixError,
  AwilixRegistrationError,
  AwilixResolutionError,
  AwilixTypeError,
  InjectionMode,
  Lifetime,
  RESOLVER,
} from 'awilix'
export { runInScope, type RunInScopeOptions } from './container/run-in-scope.js'
export type { ContainerGraph, GraphEdge, GraphNode } from './container/verify/container-graph.js'
export type { ContextProvider } from './registration/provider-registration.js'
export type { ContainerStats, GateStats } from './registration/stats.js'
export type { Verified, VerifyOptions } from './container/verify/verify.js'
export type { Container } from './container/container-interface.js'
export type { ContainerOptions } from './container/container-options.js'
export type {
  ContextLifetime,
  ContextRegistrationOptions,
  FactoryRegistrationOptions,
  PoolOptions,
} from './registration/options.js'

export { DbContext, type DbContextClass } from './context/db-context.js'
export { DbContextFactory } from './context/factory.js'
export type { ParallelOptions } from './context/parallel-work.js'
export {
  dialectPerKey,
  type DialectKey,
  type DialectPerKey,
  type DialectPerKeyOptions,
} from './registration/dialect-per-key.js'
export type { DialectCounts } from './registration/open-dialects.js'
export type { PoolCounts } from './support/pool.js'
export type { Concurrency } from './context/operation-guard.js'
export type { DbContextOptions } from './context/options.js'
export { modelOf, type ContextModel } from './context/model-of.js'
export type { DbTransaction, OpenConnection } from './context/transaction-handle.js'

export type { Logger } from './diagnostics/logger.js'
export { subscribe, type Subscriber } from './diagnostics/subscribe.js'
export type {
  ConnectionMessage,
  ContextMessage,
  HoldMessage,
  HoldOutcome,
  Message,
  Messages,
  OfContext,
  OperationMessage,
  RefusedMessage,
  ScopeKind,
  ScopeMessage,
  TransactionMessage,
} from './diagnostics/messages.js'

export type { GateCounts } from './connection/gate-report.js'
export type { GateOptions } from './connection/gate.js'
export type { DatabaseFamily, DialectValues } from './connection/dialect-values.js'
export type {
  ConnectionRequest,
  DatabaseFailure,
  MayflyConnection,
  MayflyDialect,
  MayflyDriver,
  MayflyQuery,
  Proof,
  StatementPhase,
  TransactionState,
} from './connection/driver.js'

export { ensureCreated, type PartialSets } from './context/ensure-created.js'
export type {
  Interceptor,
  SavedChange,
  SavedEvent,
  SaveFailedEvent,
  SavingEvent,
} from './context/interceptor.js'
export type { ColumnRule } from './query/column-rule.js'
export {
  bigInt,
  boolean,
  bytes,
  integer,
  json,
  oneOf,
  real,
  text,
  uuid,
} from './query/column-types.js'
export { column } from './query/named-column.js'
export type { Naming } from './query/names/column-names.js'
export { dateTime, type DateTimeOptions } from './query/date-time-column.js'
export { date, time, type TimeOptions } from './query/day-columns.js'
export { decimal, type DecimalOptions } from './query/decimal-column.js'
export type {
  Column,
  ColumnFacets,
  ColumnTypeName,
  ColumnValue,
  JsonColumn,
} from './query/column.js'
export type {
  AllColumns,
  ColumnName,
  Entity,
  Identified,
  InferColumn,
  InferDatabase,
  Key,
  KeyValue,
  NewEntity,
  PartialColumns,
  TableName,
} from './query/database-types.js'
export type { DbSet, SetOptions } from './query/db-set.js'
export type { Query } from './query/query.js'
export type { Page, SetBasedChanges } from './query/query-types.js'
export type { LockOptions } from './query/lock.js'
export {
  many,
  one,
  oneOrNone,
  type Many,
  type One,
  type OneOrNone,
  type Relations,
} from './query/relations.js'
export type { SetModel } from './query/set-model.js'
export type { ChangeTracker } from './tracking/change-tracker.js'
export type { Checkpoint } from './tracking/checkpoint.js'
export type { EntityEntry } from './tracking/entity-entry.js'
export type { EntityState } from './tracking/entity-state.js'

export {
  AbortedError,
  CaptiveDependencyError,
  CommitUncertainError,
  ConcurrentOperationError,
  ConnectionLostError,
  ConnectionTimeoutError,
  ContextDisposedError,
  DatabaseError,
  IdentityConflictError,
  InvalidArgumentError,
  MayflyError,
  RegistrationError,
  RowCountError,
  ScopeEndedError,
  TransactionEndedError,
  TransactionStateError,
  UpdateConcurrencyError,
  VerificationError,
  isMayflyError,
  type AnyMayflyError,
  type ArgumentFacts,
  type ConnectionHolder,
  type DatabaseErrorKind,
  type DependencyStep,
  type Finding,
  type GateReport,
  type MayflyErrorCode,
  type OperationFacts,
  type RegistrationFacts,
  type TransactionProblem,
  type Unreadable,
} from './errors.js'
