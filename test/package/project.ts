import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { npm, run } from './run.js'

const PROGRAMS = fileURLToPath(new URL('programs', import.meta.url))
/** Long enough for a busy machine, short enough to notice that something keeps the process alive (ms). */
const PROGRAM_DEADLINE = 30_000

/** A compiler, and the script that runs it. */
export interface Compiler {
  readonly version: string
  readonly script: string
}

/** How an import finds its file: as in Node, or as in a bundler. */
export type ModuleResolution = 'nodenext' | 'bundler'

export interface ProjectOptions {
  readonly name: string
  /** What is installed beside Mayfly: `kysely`, `express@5.0.0`. */
  readonly packages: readonly string[]
  /** Each is a file in `programs`, and a text of what it prints. */
  readonly programs: readonly string[]
  /** Whether a package sees only what it declares, as with pnpm. */
  readonly isolated?: boolean
}

/** The strictest options that a user may have. */
const STRICT = {
  target: 'es2023',
  types: ['node'],
  declaration: true,
  strict: true,
  skipLibCheck: false,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noPropertyAccessFromIndexSignature: true,
  verbatimModuleSyntax: true,
}

/** An empty project of somebody else, in which Mayfly is installed. */
export class Project {
  readonly name: string
  readonly programs: readonly string[]
  readonly #folder: string
  readonly #options: ProjectOptions

  constructor(folder: string, options: ProjectOptions) {
    this.name = options.name
    this.programs = options.programs
    this.#folder = join(folder, options.name)
    this.#options = options
    mkdirSync(this.#folder)
    this.#write('package.json', { name: 'somebody', private: true, type: 'module' })
    for (const program of this.programs)
      copyFileSync(join(PROGRAMS, `${program}.ts`), join(this.#folder, `${program}.ts`))
  }

  /** Installs the tarball and the packages; says which versions came. */
  async install(tarball: string): Promise<string> {
    const { packages, isolated } = this.#options
    const strategy = isolated ? ['--install-strategy=linked'] : []
    await npm(
      ['install', '--no-audit', '--no-fund', ...strategy, tarball, ...packages],
      this.#folder,
    )
    const names = packages.map(name => name.replace(/(?<=.)@.*/, ''))
    return names.map(name => `${name} ${this.#versionOf(name)}`).join(', ')
  }

  /** Where an installed package is. */
  packageFolder(name: string): string {
    return join(this.#folder, 'node_modules', name)
  }

  /** Compiles the programs, with declarations, and with every declaration of every package checked. @throws with the errors */
  async compile({ script }: Compiler, moduleResolution: ModuleResolution): Promise<void> {
    const module = moduleResolution === 'bundler' ? 'esnext' : 'nodenext'
    this.#write('tsconfig.json', {
      compilerOptions: { ...STRICT, module, moduleResolution, rootDir: '.', outDir: 'out' },
      include: ['*.ts'],
    })
    rmSync(join(this.#folder, 'out'), { recursive: true, force: true })
    const { code, stdout, stderr } = await run(
      process.execPath,
      [script, '--pretty', 'false'],
      this.#folder,
    )
    if (code !== 0) throw new Error(stdout + stderr)
  }

  /** Runs a compiled program. @throws unless it prints what it should, nothing to stderr, and ends by itself */
  async runProgram(program: string, node: string): Promise<void> {
    const cwd = join(this.#folder, 'data')
    rmSync(cwd, { recursive: true, force: true })
    mkdirSync(cwd)
    const script = join(this.#folder, 'out', `${program}.js`)
    const { code, stdout, stderr } = await run(node, [script], cwd, PROGRAM_DEADLINE)
    const output = `stdout:\n${stdout}stderr:\n${stderr}`
    if (code === undefined)
      throw new Error(`It did not end by itself within ${PROGRAM_DEADLINE / 1000} s.\n${output}`)
    if (code !== 0) throw new Error(`It ended with ${code}.\n${output}`)
    if (stderr !== '') throw new Error(`It wrote to stderr:\n${stderr}`)
    const expected = readFileSync(join(PROGRAMS, `${program}.txt`), 'utf8')
    if (stdout !== expected) throw new Error(`Expected:\n${expected}but it printed:\n${stdout}`)
  }

  #versionOf(name: string): string {
    const text = readFileSync(join(this.packageFolder(name), 'package.json'), 'utf8')
    return (JSON.parse(text) as { version: string }).version
  }

  #write(name: string, value: object): void {
    writeFileSync(join(this.#folder, name), JSON.stringify(value, undefined, 2))
  }
}
