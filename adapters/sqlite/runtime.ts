import { existsSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { fileURLToPath } from 'node:url'
import { sqliteNodeTooOld, sqliteWorkerMissing } from './errors.js'

/** A bundle to CommonJS has none. */
const here: string | undefined = import.meta.url

/** Whether the sources themselves run, and no build of them. */
export const IN_SOURCE = here !== undefined && here.endsWith('.ts')

/**
 * The file that each connection's thread runs.
 * @throws InvalidArgumentError where a bundler has left it behind
 */
export function workerFile(): URL {
  const file =
    here === undefined ? undefined : new URL(IN_SOURCE ? './worker.ts' : './worker.js', here)
  if (!file || !existsSync(fileURLToPath(file))) throw sqliteWorkerMissing()
  return file
}

/** @throws InvalidArgumentError where this Node, or this bundle, can open no database */
export function checkRuntime(): void {
  if (!isBuiltin('node:sqlite')) throw sqliteNodeTooOld(process.version)
  workerFile()
}
