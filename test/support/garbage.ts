import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { turn } from './deferred.js'

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

/** Collects what nobody holds; what the current job has touched through a `WeakRef` included. */
export async function collectGarbage(): Promise<void> {
  for (let i = 0; i < 3; i++) {
    await turn()
    gc()
  }
}

/** Collects until what must follow has happened: when a callback about what was collected runs is the engine's choice. */
export async function collectUntil(happened: () => boolean): Promise<void> {
  for (let i = 0; i < 50 && !happened(); i++) await collectGarbage()
}

/** The heap in use after a collection (bytes). */
export async function heapInUse(): Promise<number> {
  await collectGarbage()
  return process.memoryUsage().heapUsed
}
