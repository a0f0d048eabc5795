import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Defect } from './defect.js'

export const repository = fileURLToPath(new URL('../..', import.meta.url))

const COPIED = ['lib', 'adapters', 'test', 'demo', 'package.json', 'tsconfig.json']

/** The sources as they are, with one defect. `undefined`: its text is not in its file, or not once. */
export function textWith({ file, find, replace }: Defect): string | undefined {
  const parts = readFileSync(join(repository, file), 'utf8').split(find)
  return parts.length === 2 ? parts.join(replace) : undefined
}

/** A copy of the project that may be broken, in a temporary folder of its own. */
export class Scratch {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'mayfly-defects-')))
  /** For what the tests leave behind when they are killed. */
  readonly temporary = join(this.folder, 'tmp')

  constructor() {
    for (const name of COPIED)
      cpSync(join(repository, name), join(this.folder, name), { recursive: true })
    symlinkSync(join(repository, 'node_modules'), join(this.folder, 'node_modules'), 'junction')
    mkdirSync(this.temporary)
  }

  /** Puts a defect in. @returns takes it out again */
  apply(defect: Defect): () => void {
    const file = join(this.folder, defect.file)
    const sound = readFileSync(file, 'utf8')
    writeFileSync(file, sound.split(defect.find).join(defect.replace))
    return () => writeFileSync(file, sound)
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
  }
}
