/** Runs as the server tells of them, with times that no machine decides. */
interface StubRun {
  readonly mode: string
  readonly database: string
  readonly totalMs: number
  readonly queries: readonly object[]
  readonly error?: object
}

const query = (
  name: string,
  connection: number | undefined,
  startMs: number,
  waitMs: number,
  runMs: number,
) => ({
  query: name,
  connection,
  startMs,
  waitMs,
  runMs,
  durationMs: waitMs + runMs,
  failed: connection === undefined,
})

/** The third query of `parallel` waits until the first one gives its connection back. */
export const stubRuns: readonly StubRun[] = [
  {
    mode: 'sequential',
    database: 'SomeSQL 1.2.3',
    totalMs: 100,
    queries: [
      query('orders', 1, 0, 5, 35),
      query('logs', 1, 40, 0, 40),
      query('stats', 1, 80, 0, 20),
    ],
  },
  {
    mode: 'parallel',
    database: 'SomeSQL 1.2.3',
    totalMs: 50,
    queries: [
      query('orders', 1, 0, 1, 29),
      query('logs', 2, 1, 1, 18),
      query('stats', 1, 2, 28, 20),
    ],
  },
  {
    mode: 'shared',
    database: 'SomeSQL 1.2.3',
    totalMs: 40,
    queries: [
      query('orders', 1, 0, 1, 39),
      query('logs', undefined, 1, 0.5, 0),
      query('stats', undefined, 39, 0.5, 0),
    ],
    error: {
      name: 'SomeError',
      code: 'SOME_CODE',
      message: `<b>${'aVeryLongWord'.repeat(20)}</b>`,
    },
  },
]

/** The same, so slow that parallel has nothing to win and the numbers are long. */
export const slowRuns: readonly StubRun[] = stubRuns.map(run => ({
  ...run,
  totalMs: 12_345.67,
  queries: run.queries.map(one => ({ ...one, startMs: 12_000, durationMs: 12_345.67 })),
}))

/** A script that answers the page's requests with `runs`. */
export function answering(runs: readonly StubRun[]): string {
  return `{
    const runs = ${JSON.stringify(runs)}
    window.fetch = async url =>
      new Response(JSON.stringify(runs.find(({ mode }) => url.endsWith('mode=' + mode))))
  }`
}

/** A script that keeps the page's requests back until `letGo()`. */
export const HELD = `{
  const { fetch } = window
  const held = new Promise(resolve => (window.letGo = resolve))
  window.fetch = async url => (await held, fetch(url))
}`
