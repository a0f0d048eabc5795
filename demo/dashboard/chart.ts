import type pc from 'picocolors'
import type { Run } from './comparison.js'
import type { Lap } from './stopwatch.js'

type Colors = ReturnType<typeof pc.createColors>

const LABEL = 12
const AXIS = 56
const WIDTH = 78

const explanations = {
  sequential: 'one context, one query after the other',
  parallel: 'a context for each query: shopFactory.parallel({ ... })',
  shared: 'one context for all three at once: Promise.all([ ... ])',
}

/** The runs as bars on one time axis, in 78 columns. */
export function chart(runs: readonly Run[], colors: Colors): string {
  const longest = Math.max(...runs.map(({ total }) => total))
  const end = `${Math.round(longest)} ms`
  return [
    colors.dim(`${' '.repeat(LABEL)}0 ms${end.padStart(AXIS - 4)}`),
    ...runs.flatMap(run => ['', ...section(run, AXIS / longest, colors)]),
    '',
    ...conclusion(runs, colors),
  ].join('\n')
}

function section(run: Run, cellsPerMs: number, colors: Colors): string[] {
  const { mode, laps, total, error } = run
  const title = `${mode.padEnd(LABEL)}${explanations[mode]}`
  const result = error ? 'refused' : ms(total)
  const gap = ' '.repeat(WIDTH - title.length - result.length)
  return [
    `${colors.bold(mode)}${title.slice(mode.length)}${gap}${error ? colors.red(result) : colors.bold(result)}`,
    ...laps.map(lap => bar(lap, cellsPerMs, error ? colors.red : colors.green, colors)),
    ...(error ? ['', ...quote(error, colors)] : []),
  ]
}

function bar(
  { query, start, duration, failed }: Lap,
  cellsPerMs: number,
  color: Colors['green'],
  colors: Colors,
): string {
  const from = Math.min(Math.round(start * cellsPerMs), AXIS - 1)
  const to = Math.min(Math.max(Math.round((start + duration) * cellsPerMs), from + 1), AXIS)
  const label = `  ${query.padEnd(LABEL - 2)}${' '.repeat(from)}`
  if (failed) return `${label}${color('✗ refused, nothing was sent')}`
  const time = ms(duration).padStart(WIDTH - LABEL - to)
  return `${label}${color('█'.repeat(to - from))}${colors.dim(time)}`
}

function quote({ name, code, message }: NonNullable<Run['error']>, colors: Colors): string[] {
  return [
    `  ${colors.red(name)} ${colors.dim(code)}`,
    ...wrap(message, WIDTH - 2).map(line => `  ${line}`),
  ]
}

function conclusion(runs: readonly Run[], colors: Colors): string[] {
  const timeOf = (mode: Run['mode']) => runs.find(run => run.mode === mode)!.total
  const [sequential, parallel] = [timeOf('sequential'), timeOf('parallel')]
  const ratio = sequential / parallel
  const times = colors.bold(`${ratio.toFixed(1)} times as fast`)
  return [
    `Parallel is ${times} as sequential: ${ms(parallel)} instead of ${ms(sequential)}.`,
    ...(ratio < 1.5
      ? ['(Three queries that compute at the same time need three idle cores.)']
      : []),
  ]
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/\s+/)) {
    if (line && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line += line ? ` ${word}` : word
  }
  return [...lines, line]
}

function ms(time: number): string {
  return `${time.toFixed(1)} ms`
}
