/**
 * Looks at the package as a stranger gets it: packs it, installs it in empty projects, and compiles and runs programs there.
 * It needs the registry of npm. `npm run test:package`
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { repository } from '../support/repository.js'
import { checkContents } from './contents.js'
import { checkEntryPoints, checkManifest } from './manifest.js'
import { Project } from './project.js'
import { npm } from './run.js'
import { installTools, platform, type Tools } from './tools.js'

interface Manifest {
  readonly engines: { readonly node: string }
  readonly peerDependencies: Readonly<Record<string, string>>
}

const OPTIONAL = ['express', 'mysql2', 'pg', 'pg-cursor', '@types/express', '@types/pg']
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'mayfly-package-')))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => process.exit(1))

let failed = 0
await main()
if (failed > 0) {
  console.log(`${failed} failed`)
  process.exitCode = 1
}

async function main(): Promise<void> {
  const manifest = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as Manifest
  const projects = createProjects(manifest)
  const [core, web, oldest] = projects
  let tarball = ''
  let tools: Tools | undefined
  await check('pack', async () => {
    tarball = await pack()
  })
  if (failed > 0) return
  await check('tools', async () => {
    tools = await installTools(folder, manifest.engines.node)
    return `for types: TypeScript ${versions(tools.compilers)}; for runs: Node ${versions(tools.runtimes)}`
  })
  for (const project of projects)
    await check(`install: ${project.name}`, () => project.install(tarball))
  if (!tools || failed > 0) return

  await check('contents', () => checkContents(core.packageFolder('mayfly'), tarball))
  await check('publint', () => checkManifest(tarball))
  await check('entry points', () => checkEntryPoints(tarball))
  await check('optional peers are optional', () => {
    const present = OPTIONAL.filter(name => existsSync(core.packageFolder(name)))
    if (present.length > 0) throw new Error(`${core.name} has ${present.join(', ')}`)
  })

  // Runs come after the last compiler of a project, so that they run what it made.
  const { compilers, runtimes, missing } = tools
  for (const project of [core, web]) {
    for (const resolution of ['bundler', 'nodenext'] as const)
      for (const compiler of compilers)
        await check(`types: ${project.name}, TypeScript ${compiler.version}, ${resolution}`, () =>
          project.compile(compiler, resolution),
        )
    for (const node of runtimes) await checkRuns(project, node.version, node.path)
  }
  const compiler = compilers.at(-1)!
  await check(`types: ${oldest.name}, TypeScript ${compiler.version}, nodenext`, () =>
    oldest.compile(compiler, 'nodenext'),
  )
  await checkRuns(oldest, runtimes[0]!.version, runtimes[0]!.path)
  if (missing.length > 0)
    console.log(`--  runs: Node ${missing.join(', ')}: SKIPPED, this is ${platform}`)
}

function createProjects({ engines, peerDependencies }: Manifest): [Project, Project, Project] {
  const major = /\d+/.exec(engines.node)![0]
  const lowest = Object.entries(peerDependencies).map(
    ([name, range]) => `${name}@${range.replace('^', '')}`,
  )
  return [
    new Project(folder, {
      name: 'core',
      packages: ['awilix', 'kysely', `@types/node@${major}`],
      programs: ['core'],
    }),
    new Project(folder, {
      name: 'web',
      packages: ['awilix', 'kysely', ...OPTIONAL, '@types/node'],
      programs: ['core', 'web'],
      isolated: true,
    }),
    new Project(folder, {
      name: 'oldest peers',
      packages: [...lowest, '@types/express', '@types/pg', `@types/node@${major}`],
      programs: ['core', 'web'],
    }),
  ]
}

/** @returns the path of the tarball */
async function pack(): Promise<string> {
  await npm(['pack', '--pack-destination', folder], repository)
  return join(
    folder,
    readdirSync(folder).find(name => name.endsWith('.tgz'))!,
  )
}

async function checkRuns(project: Project, version: string, node: string): Promise<void> {
  for (const program of project.programs)
    await check(`runs: ${project.name}, ${program}.js, Node ${version}`, () =>
      project.runProgram(program, node),
    )
}

/** One line of the report. What it returns is said beside it; what it throws is a failure, and the others are checked all the same. */
async function check(title: string, work: () => unknown): Promise<void> {
  const start = performance.now()
  try {
    const said = await work()
    const time = ((performance.now() - start) / 1000).toFixed(1)
    console.log(`ok  ${title}${typeof said === 'string' ? `: ${said}` : ''} (${time} s)`)
  } catch (error) {
    failed++
    const reason = error instanceof Error ? error.message : String(error)
    console.log(`FAILED  ${title}\n${reason.trim().replace(/^/gm, '    ')}`)
  }
}

function versions(tools: readonly { readonly version: string }[]): string {
  return tools.map(({ version }) => version).join(', ')
}
