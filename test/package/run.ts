import { execFile } from 'node:child_process'

/** How a process ended. */
export interface Ended {
  /** `undefined`: it was killed at its deadline. */
  readonly code: number | undefined
  readonly stdout: string
  readonly stderr: string
}

/** Without what makes Node start differently, or print more. */
const { NODE_ENV: _, NODE_OPTIONS: __, FORCE_COLOR: ___, ...environment } = process.env
const DEADLINE = 120_000

/** Runs a command to its end, or to its deadline (ms). */
export function run(
  command: string,
  args: readonly string[],
  cwd: string,
  deadline = DEADLINE,
): Promise<Ended> {
  const options = {
    cwd,
    env: environment,
    timeout: deadline,
    killSignal: 'SIGKILL',
    maxBuffer: 2 ** 26,
  } as const
  return new Promise((resolve, reject) => {
    execFile(command, args, options, (error, stdout, stderr) => {
      const code = error ? error.code : 0
      if (typeof code === 'string') reject(error)
      else resolve({ code: code ?? undefined, stdout, stderr })
    })
  })
}

/** Runs the npm that runs this. @throws with what npm said when it fails */
export async function npm(args: readonly string[], cwd: string): Promise<void> {
  const script = process.env['npm_execpath']
  const { code, stdout, stderr } = script
    ? await run(process.execPath, [script, ...args], cwd)
    : await run('npm', args, cwd)
  if (code !== 0) throw new Error(`npm ${args.join(' ')} failed:\n${stdout}${stderr}`)
}
