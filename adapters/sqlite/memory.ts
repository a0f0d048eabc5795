import type { DatabaseSync } from 'node:sqlite'
import { sqliteMemoryUnsupported } from './errors.js'

/**
 * Opens a connection that nobody uses. A shared in-memory database lives as long as one connection to it, so with this one
 * it outlives its threads.
 * @throws InvalidArgumentError where Node does not open URIs (before 22.15).
 */
export function openAnchor(uri: string): DatabaseSync {
  const { DatabaseSync } = loadSqlite()
  try {
    return new DatabaseSync(uri)
  } catch (error) {
    throw sqliteMemoryUnsupported(error)
  }
}

/** Loading it is all that happens meanwhile, so its ExperimentalWarning is all that is not printed. */
function loadSqlite(): typeof import('node:sqlite') {
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return process.getBuiltinModule('node:sqlite')
  } finally {
    process.emitWarning = emitWarning
  }
}
