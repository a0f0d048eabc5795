import {
  chmodSync,
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
import type { Change, Defect } from './defect.js'
import { repository } from '../support/repository.js'

const COPIED = ['lib', 'adapters', 'test', 'demo', 'package.json', 'tsconfig.json']

/** Whether the text of a defect is in its file, once. */
export function applies(defect: Defect): boolean {
  return changesOf(defect).every(
    ({ file, find }) => readFileSync(join(repository, file), 'utf8').split(find).length === 2,
  )
}

function changesOf(defect: Defect): readonly Change[] {
  return defect.also ? [defect, defect.also] : [defect]
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
    // PostgreSQL's data is another user's, because it does not run as root.
    chmodSync(this.folder, 0o755)
  }

  /** Puts a defect in. @returns takes it out again */
  apply(defect: Defect): () => void {
    const changes = changesOf(defect)
    for (const { file, find, replace } of changes) {
      const path = join(this.folder, file)
      writeFileSync(path, readFileSync(path, 'utf8').split(find).join(replace))
    }
    return () => {
      for (const { file } of changes) cpSync(join(repository, file), join(this.folder, file))
    }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
  }
}
