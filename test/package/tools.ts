import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { repository } from '../support/repository.js'
import type { Compiler } from './project.js'
import { npm, run } from './run.js'

/** A Node, and the program that it is. */
export interface Runtime {
  readonly version: string
  readonly path: string
}

export interface Tools {
  readonly compilers: readonly Compiler[]
  /** The oldest one first. */
  readonly runtimes: readonly Runtime[]
  /** The versions of Node that are not to be had here. */
  readonly missing: readonly string[]
}

/** The only platform whose Node is installed from the registry. */
const PLATFORM = 'linux-x64'
export const platform = `${process.platform}-${process.arch}`
const OLD_TYPESCRIPT = '5.9'

/** Installs an older TypeScript and, where the registry has them for this platform, the oldest Node that will do and the newest ones. */
export async function installTools(folder: string, engines: string): Promise<Tools> {
  const tools = join(folder, 'tools')
  mkdirSync(tools)
  writeFileSync(join(tools, 'package.json'), '{ "private": true }')
  const versions = [`${engines.replace('>=', '')}.0`, '22', '24', '26']
  const here = platform === PLATFORM
  const aliases = versions.map(version => `node-${version}@npm:node-${PLATFORM}@${version}`)
  const typescript = `typescript@${OLD_TYPESCRIPT}`
  await npm(['install', '--no-audit', '--no-fund', typescript, ...(here ? aliases : [])], tools)

  const paths = here
    ? versions.map(version => join(tools, 'node_modules', `node-${version}`, 'bin/node'))
    : [process.execPath]
  const runtimes: Runtime[] = []
  for (const path of paths) {
    const { stdout } = await run(path, ['--version'], tools)
    runtimes.push({ version: stdout.trim().slice(1), path })
  }
  const compilers = [compilerIn(repository), compilerIn(tools)]
  return { compilers, runtimes, missing: here ? [] : versions }
}

function compilerIn(folder: string): Compiler {
  const home = join(folder, 'node_modules/typescript')
  const { version } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as {
    version: string
  }
  return { version, script: join(home, 'bin/tsc') }
}
