import { execFile } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { expect } from 'chai'
import { repository } from '../support/repository.js'
import { codeBlocks, guides, type CodeBlock } from './code-blocks.js'

/** What the blocks without imports stand on. */
const PRELUDE = `
import type { createShopContainer } from '${repository}demo/dashboard/container.js'
import type { ShopContext as Shop } from '${repository}demo/dashboard/shop-context.js'
import * as mayfly from 'mayfly'
declare global {
  const db: Shop
  const container: ReturnType<typeof createShopContainer>
  const shopFactory: mayfly.DbContextFactory<Shop>
  const runInScope: typeof mayfly.runInScope
}
`

describe('the guides', function () {
  this.timeout(120_000)
  const blocks = guides().flatMap(codeBlocks)
  let folder: string

  before(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'mayfly-guides-')))
    symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'), 'junction')
    const config = {
      extends: join(repository, 'tsconfig.json'),
      compilerOptions: { noUnusedLocals: false, noUnusedParameters: false, types: ['node'] },
      include: ['.'],
    }
    write('package.json', JSON.stringify({ type: 'module' }))
    write('tsconfig.json', JSON.stringify(config))
    write('prelude.ts', PRELUDE)
    for (const block of blocks) write(join(nameOf(block), 'app.ts'), `${block.code}\nexport {}\n`)
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  function write(name: string, text: string): void {
    const file = join(folder, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }

  const nameOf = ({ place }: CodeBlock) => place.replace(/\W/g, '-')

  function node(args: string[], cwd: string): Promise<{ failed: boolean; output: string }> {
    const { NODE_ENV: _, ...inherited } = process.env
    const env = { ...inherited, TSX_TSCONFIG_PATH: join(folder, 'tsconfig.json') }
    return new Promise(done => {
      execFile(process.execPath, args, { cwd, env }, (error, stdout, stderr) =>
        done({ failed: error !== null, output: stdout + stderr }),
      )
    })
  }

  it('have only code that compiles', async () => {
    expect(blocks).not.to.have.length(0)
    const tsc = join(repository, 'node_modules/typescript/bin/tsc')
    const { failed, output } = await node([tsc, '--pretty', 'false', '--project', folder], folder)
    // Sources of the repository have a test run of their own.
    const own = output.split('\n').filter(line => /^(?!\.\.)\S+\(\d+,\d+\): /.test(line))
    expect(own.join('\n')).to.equal('')
    if (failed) expect(output).to.match(/^\.\.\S+\(\d+,\d+\): /m)
  })

  for (const block of blocks.filter(({ runs }) => runs)) {
    it(`print what they say: ${block.place}`, async () => {
      const { failed, output } = await node(
        ['--import', 'tsx', 'app.ts'],
        join(folder, nameOf(block)),
      )
      expect(failed, output).to.equal(false)
      if (block.output !== undefined) expect(timeless(output)).to.equal(timeless(block.output))
    })
  }

  /** Without line breaks, and with the same number of milliseconds everywhere. */
  function timeless(text: string): string {
    return text
      .trim()
      .replace(/\s+/g, ' ')
      .replace(/\d+(\.\d+)? ms/g, '0 ms')
  }

  it('lead to files that exist', () => {
    for (const file of guides()) {
      for (const [, target] of readFileSync(file, 'utf8').matchAll(/\]\((?!https?:)([^)#]+)/g)) {
        const path = resolve(dirname(file), target!)
        expect(existsSync(path), `${relative(repository, file)} -> ${target}`).to.equal(true)
      }
    }
  })

  it('explain every error code, and no other', () => {
    const errors = readFileSync(join(repository, 'lib/errors.ts'), 'utf8')
    const type = /export type MayflyErrorCode =([^]*?)\n\n/.exec(errors)![1]!
    const codes = Array.from(type.matchAll(/'(MAYFLY_\w+)'/g), ([, code]) => code)
    const readme = readFileSync(join(repository, 'README.md'), 'utf8')
    const explained = Array.from(readme.matchAll(/^\| `(MAYFLY_\w+)` +\|/gm), ([, code]) => code)
    expect(explained).to.have.members(codes)
  })

  it('name commands that package.json has', () => {
    const { scripts } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>
    }
    const readme = readFileSync(join(repository, 'README.md'), 'utf8')
    for (const [, name] of readme.matchAll(/npm (?:run )?([\w:]+)(?=[ `])/g)) {
      if (!['ci', 'install'].includes(name!)) expect(scripts).to.have.property(name!)
    }
  })
})
