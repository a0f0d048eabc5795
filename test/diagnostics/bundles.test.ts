import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { build, type BuildOptions } from 'esbuild'
import { repository } from '../support/repository.js'

const PROGRAM = 'test/diagnostics/programs/two-operations.ts'
const LINES = readFileSync(join(repository, PROGRAM), 'utf8').split('\n')
/** Awilix's `fast-glob` wants `require` where it is bundled, in a module too. */
const REQUIRE = `import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);`

describe('a program in a bundle', () => {
  let folder: string

  before(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'mayfly-bundles-')))
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  /** What the program tells of the error of a second operation: name, class, and the lines that started both. */
  async function run(name: string, options: BuildOptions, ...flags: string[]): Promise<unknown[]> {
    const outfile = join(folder, name)
    await build({
      entryPoints: [join(repository, PROGRAM)],
      outfile,
      bundle: true,
      platform: 'node',
      tsconfig: join(repository, 'tsconfig.json'),
      logOverride: { 'empty-import-meta': 'silent' },
      ...(options.format === 'esm' && { banner: { js: REQUIRE } }),
      ...options,
    })
    const output = execFileSync(process.execPath, [...flags, outfile], {
      cwd: repository,
      encoding: 'utf8',
    })
    return JSON.parse(output) as unknown[]
  }

  /** What stands at `test/diagnostics/programs/two-operations.ts:14:31`. */
  function source(line: unknown): string | undefined {
    const [file, number] = String(line).split(':')
    return file === PROGRAM ? LINES[Number(number) - 1] : `not in the program: ${String(line)}`
  }

  for (const format of ['cjs', 'esm'] as const) {
    const extension = format === 'cjs' ? 'cjs' : 'mjs'

    it(`C2: works as ${format}, minified too, with the names of its errors, and tells no wrong line`, async () => {
      const plain = ['ConcurrentOperationError', true, null, null]
      expect(await run(`plain.${extension}`, { format })).to.deep.equal(plain)
      expect(await run(`small.${extension}`, { format, minify: true })).to.deep.equal(plain)
    })

    it(`C2: as ${format} with a source map it tells the lines of the user's source`, async () => {
      const options = { format, sourcemap: true } as const
      const [, , running, refused] = await run(`m.${extension}`, options, '--enable-source-maps')
      expect(source(running)).to.contain('const first = db.rows.toList()')
      expect(source(refused)).to.contain('await db.rows.toList().catch(')
    })
  }
})
