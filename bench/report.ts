import type { Budget, Measurement, Row } from './row.js'

export interface CandidateResult {
  readonly name: string
  /** Microseconds of wall clock and of CPU for one operation, medians over the rounds. */
  readonly wall: number
  readonly cpu: number
  /** Medians of the ratios to the limit of the same round. */
  readonly throughput: number
  readonly cpuRatio: number
  readonly budget: Budget | undefined
  readonly met: boolean | undefined
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
    const throughput = median(rounds.map((round, i) => rate(round) / rate(limit[i]!)))
    const budget = row.budgets[name]
    return {
      name,
      wall: median(rounds.map(round => 1000 / rate(round))),
      cpu: median(rounds.map(cpuOf)),
      throughput,
      cpuRatio: median(rounds.map((round, i) => cpuOf(round) / cpuOf(limit[i]!))),
      budget,
      met: budget && isMet(budget, throughput),
    }
  })
  return { title: row.title, limit: row.limit, candidates }
}

export function printTable(results: readonly RowResult[]): void {
  for (const { title, limit, candidates } of results) {
    console.log(`\n${title}`)
    for (const { name, wall, cpu, throughput, cpuRatio, budget, met } of candidates) {
      console.log(
        `  ${name.padEnd(26)}${wall.toFixed(2).padStart(10)} us${cpu.toFixed(2).padStart(10)} us CPU` +
          `${throughput.toFixed(2).padStart(8)}x speed${cpuRatio.toFixed(2).padStart(7)}x CPU` +
          `  ${name === limit ? 'limit' : budget ? `${describe(budget)} ${met ? 'met' : 'MISSED'}` : ''}`,
      )
    }
  }
}

function describe({ of, least, most }: Budget): string {
  return `budget: ${of} ${least === undefined ? `<= ${most}` : `>= ${least}`}`
}

function isMet({ of, least, most }: Budget, throughput: number): boolean {
  const value = of === 'throughput' ? throughput : 1 / throughput
  return value >= (least ?? 0) && value <= (most ?? Infinity)
}

function rate({ operations, time }: Measurement): number {
  return operations / time
}

function cpuOf({ operations, cpu }: Measurement): number {
  return (cpu * 1000) / operations
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
