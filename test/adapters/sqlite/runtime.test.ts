import { execFileSync } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { build, type Format } from 'esbuild'
import { repository } from '../../support/repository.js'

const PROGRAM = `
  import { sqlite } from 'mayfly/sqlite'
  try {
    sqlite(':memory:')
  } catch (error) {
    console.log(error.name + ': ' + error.message)
  }
`

describe('where sqlite() cannot work', () => {
  let folder: string

  before(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'mayfly-sqlite-runtime-')))
    writeFileSync(join(folder, 'program.ts'), PROGRAM)
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  async function printed(format: Format, ...flags: string[]): Promise<string> {
    const outfile = join(folder, format === 'cjs' ? 'bundle.cjs' : 'bundle.mjs')
    await build({
      entryPoints: [join(folder, 'program.ts')],
      outfile,
      format,
      bundle: true,
      platform: 'node',
      nodePaths: [join(repository, 'node_modules')],
      tsconfig: join(repository, 'tsconfig.json'),
      logOverride: { 'empty-import-meta': 'silent' },
    })
    return execFileSync(process.execPath, [...flags, outfile], { encoding: 'utf8' })
  }

  for (const format of ['cjs', 'esm'] as const) {
    it(`Errors: a bundle (${format}) without the file of its threads is told at sqlite()`, async () => {
      expect(await printed(format)).to.match(
        /^InvalidArgumentError: sqlite\(\) cannot find the file of its threads.*--external:mayfly/,
      )
    })
  }

  it('Errors: a Node without node:sqlite is told at sqlite()', async () => {
    expect(await printed('cjs', '--no-experimental-sqlite')).to.equal(
      `InvalidArgumentError: sqlite() needs Node 22.13 or newer, which has SQLite in it; this is ${process.version}. Update Node.\n`,
    )
  })
})
