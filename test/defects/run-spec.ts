import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Scratch } from './scratch.js'

/** What a spec file did. */
export type SpecResult =
  | { readonly outcome: 'passed' }
  | { readonly outcome: 'failed'; readonly test: string; readonly message: string }
  /** It ran into the time limit, or ended before its tests did: that proves nothing. */
  | { readonly outcome: 'broken'; readonly message: string }

/** How long one spec file may take (ms). A defect can make it loop for ever. */
const LIMIT = 300_000

interface Report {
  readonly stats: { readonly passes: number }
  readonly failures: readonly { readonly fullTitle: string; readonly err: { message?: string } }[]
}

const groups = new Set<number>()

/** Ends what is still running. */
export function killAll(): void {
  for (const group of groups) kill(group)
}

/** Runs one spec file of a scratch copy up to its first failure. */
export async function runSpec(
  scratch: Scratch,
  spec: string,
  environment: NodeJS.ProcessEnv,
): Promise<SpecResult> {
  const report = join(scratch.folder, 'report.json')
  rmSync(report, { force: true })
  const child = spawn(
    process.execPath,
    [
      '--import',
      'tsx',
      'node_modules/mocha/bin/mocha.js',
      '--no-config',
      '--bail',
      '--exit',
      '--require',
      'test/support/setup.ts',
      '--timeout',
      '10000',
      '--reporter',
      'json',
      '--reporter-option',
      `output=${report}`,
      spec,
    ],
    {
      cwd: scratch.folder,
      env: { ...environment, TMPDIR: scratch.temporary },
      stdio: ['ignore', 'ignore', 'pipe'],
      // A group of its own, so that it can be killed with all that it has started.
      detached: true,
    },
  )
  let words = ''
  child.stderr
    .setEncoding('utf8')
    .on('data', (text: string) => (words = (words + text).slice(-2000)))
  groups.add(child.pid!)
  let late = false
  const timer = setTimeout(() => {
    late = true
    kill(child.pid!)
  }, LIMIT)
  await once(child, 'exit')
  clearTimeout(timer)
  kill(child.pid!)
  groups.delete(child.pid!)
  if (late) return { outcome: 'broken', message: `killed after ${LIMIT / 1000} s` }
  if (!existsSync(report)) return { outcome: 'broken', message: `did not run: ${words.trim()}` }
  return resultOf(JSON.parse(readFileSync(report, 'utf8')) as Report)
}

function resultOf({ stats, failures: [first] }: Report): SpecResult {
  if (first) return { outcome: 'failed', test: first.fullTitle, message: first.err.message ?? '' }
  return stats.passes > 0
    ? { outcome: 'passed' }
    : { outcome: 'broken', message: 'no test has run' }
}

function kill(group: number): void {
  try {
    process.kill(-group, 'SIGKILL')
  } catch {
    // It has ended.
  }
}
