import type { Budget, Measurement, Row } from './row.js'

export interface CandidateResult {
  readonly name: string
  /** Microseconds of wall clock and of CPU for one operation, medians over the rounds. */
  readonly wall: number
  readonly cpu: number
  /** Medians of the ratios to the limit of the same round. */
  readonly throughput: number
  readonly cpuRatio: number
  /** Ratios of the least of all rounds. */
  readonly leastTime: number
  readonly leastCpu: number
  readonly memory: number
  /** ms */
  readonly p99: number | undefined
  readonly budgets: readonly (Budget & { readonly met: boolean })[]
}

export interface RowResult {
  readonly title: string
  readonly limit: string
  readonly candidates: readonly CandidateResult[]
}

export function summarise(
  row: Row,
  measured: ReadonlyMap<string, readonly Measurement[]>,
): RowResult {
  const limit = measured.get(row.limit)!
  const candidates = [...measured].map(([name, rounds]): CandidateResult => {
    const ratio = (value: (round: Measurement) => number) =>
      median(rounds.map((round, i) => value(round) / value(limit[i]!)))
    const ratios = {
      throughput: ratio(rate),
      time: 1 / ratio(rate),
      cpu: ratio(cpuOf),
      memory: ratio(({ memory }) => memory),
      'least time': leastOf(rounds, wallOf) / leastOf(limit, wallOf),
      'least cpu': leastOf(rounds, cpuOf) / leastOf(limit, cpuOf),
    }
    return {
      name,
      wall: median(rounds.map(wallOf)),
      cpu: median(rounds.map(cpuOf)),
      throughput: ratios.throughput,
      cpuRatio: ratios.cpu,
      leastTime: ratios['least time'],
      leastCpu: ratios['least cpu'],
      memory: median(rounds.map(({ memory }) => memory)),
      p99: rounds[0]?.p99 === undefined ? undefined : median(rounds.map(({ p99 }) => p99!)),
      budgets: (row.budgets[name] ?? []).map(budget => ({
        ...budget,
        value: ratios[budget.of],
        met:
          ratios[budget.of] >= (budget.least ?? 0) &&
          ratios[budget.of] <= (budget.most ?? Infinity),
      })),
    }
  })
  return { title: row.title, limit: row.limit, candidates }
}

export function printTable(results: readonly RowResult[]): void {
  for (const { title, limit, candidates } of results) {
    console.log(`\n${title}`)
    for (const candidate of candidates) {
      const { name, wall, cpu, throughput, cpuRatio, leastTime, leastCpu, memory, p99, budgets } =
        candidate
      console.log(
        `  ${name.padEnd(24)}${wall.toFixed(2).padStart(10)} us${cpu.toFixed(2).padStart(9)} us CPU` +
          `${memory.toFixed(0).padStart(5)} MB${throughput.toFixed(2).padStart(7)}x speed${cpuRatio.toFixed(2).padStart(6)}x CPU` +
          `  least ${leastTime.toFixed(2)}x time ${leastCpu.toFixed(2)}x CPU` +
          `${p99 === undefined ? '' : `  p99 ${p99.toFixed(1)} ms`}  ${name === limit ? 'limit' : budgets.map(describe).join(', ')}`,
      )
    }
  }
}

function describe({ of, least, most, met }: Budget & { readonly met: boolean }): string {
  return `${of} ${least === undefined ? `<= ${most}` : `>= ${least}`} ${met ? 'met' : 'MISSED'}`
}

function rate({ operations, time }: Measurement): number {
  return operations / time
}

/** Microseconds. */
function wallOf({ operations, time }: Measurement): number {
  return (time * 1000) / operations
}

function leastOf(rounds: readonly Measurement[], value: (round: Measurement) => number): number {
  return Math.min(...rounds.map(value))
}

function cpuOf({ operations, cpu }: Measurement): number {
  return (cpu * 1000) / operations
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
