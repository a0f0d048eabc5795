import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { repository } from '../support/repository.js'

/** What the compiler says of a file that uses the package, as users compile theirs. @param options of its command line */
export async function compiled(source: string, options: readonly string[]): Promise<string> {
  const folder = mkdtempSync(join(repository, 'test/types/compiled-'))
  try {
    writeFileSync(join(folder, 'source.ts'), source)
    const config = { extends: join(repository, 'tsconfig.json'), include: ['source.ts'] }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
    const compiler = join(repository, 'node_modules/typescript/bin/tsc')
    return await new Promise(resolve => {
      execFile(
        process.execPath,
        [compiler, '--noEmit', '--pretty', 'false', ...options, '-p', folder],
        (_, stdout) => resolve(stdout),
      )
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
}
