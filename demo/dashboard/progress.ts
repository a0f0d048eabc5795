import type { WriteStream } from 'node:tty'
import { SingleBar } from 'cli-progress'

/** Tells a person how far the filling of the database is. */
export interface Progress {
  start(rows: number): void
  advance(rows: number): void
  /** Another start is filling the database. */
  waiting(): void
  stop(): void
}

/** A bar in a terminal, plain lines elsewhere. */
export function createProgress(output: WriteStream, database: string): Progress {
  const say = (text: string) => void output.write(`${text}\n`)
  const waiting = once(() =>
    say('Another start of this demo is filling the database; waiting for it.'),
  )
  const begin = () => say(`Filling ${database} once:`)
  const steps = output.isTTY && process.env['TERM'] !== 'dumb' ? barSteps(output) : lineSteps(say)
  return {
    waiting,
    start(rows) {
      begin()
      steps.start(rows)
    },
    advance: steps.advance,
    stop: steps.stop,
  }
}

type Steps = Omit<Progress, 'waiting'>

function barSteps(stream: WriteStream): Steps {
  const bar = new SingleBar({
    stream,
    format: '  {bar} {percentage} %  {value} of {total} rows',
    formatValue: (value, _options, type) =>
      type === 'percentage' ? String(value).padStart(3) : grouped(value),
    barsize: 30,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    linewrap: true,
    gracefulExit: false,
  })
  return {
    start: rows => bar.start(rows, 0),
    advance: rows => bar.increment(rows),
    stop: () => bar.stop(),
  }
}

function lineSteps(say: (text: string) => void): Steps {
  let total = 0
  let done = 0
  return {
    start(rows) {
      total = rows
      done = 0
    },
    advance(rows) {
      const quarter = Math.floor((4 * done) / total)
      done += rows
      if (Math.floor((4 * done) / total) > quarter)
        say(`  ${grouped(done)} of ${grouped(total)} rows`)
    },
    stop() {},
  }
}

function grouped(number: number): string {
  return number.toLocaleString('en')
}

function once(work: () => void): () => void {
  let done = false
  return () => {
    if (!done) work()
    done = true
  }
}
