import type { DeclaredColumn } from './declared-column.js'

/** How the version of a row is moved on: a number by one, a time to now, and what the database makes by the database. */
export type VersionKind = 'number' | 'time' | 'database'

/** @returns `undefined` for a column that cannot be a version */
export function versionKindOf(column: DeclaredColumn | undefined): VersionKind | undefined {
  if (!column) return 'number'
  if (column.rule.includes('always')) return 'database'
  if (column.type === 'dateTime') return 'time'
  return NUMBERS.has(column.type) ? 'number' : undefined
}

const NUMBERS: ReadonlySet<string> = new Set(['integer', 'bigInt', 'custom'])

/** Of a new row. @param column that of the version, where it is declared */
export function firstVersion(kind: VersionKind, column: DeclaredColumn | undefined): unknown {
  if (kind === 'time') return later(undefined, column!)
  return column?.type === 'bigInt' ? 1n : 1
}

/** What the version of a row becomes, whose version is known. */
export function nextVersion(
  kind: VersionKind,
  column: DeclaredColumn | undefined,
  known: unknown,
): unknown {
  if (kind === 'time') return later(known, column!)
  if (typeof known === 'bigint') return known + 1n
  if (typeof known === 'string') return String(BigInt(known) + 1n)
  return typeof known === 'number' ? known + 1 : 1
}

/** Whether a version can be moved on. PostgreSQL gives a bigint whose type is not declared as text. */
export function mayMoveOn(kind: VersionKind, known: unknown): boolean {
  if (known === null || kind !== 'number') return true
  return typeof known === 'string' ? /^-?\d+$/.test(known) : typeof known !== 'object'
}

/** Now, or as little as the column can tell after the last one: two saves within one tick of the clock are two. */
function later(known: unknown, { facets }: DeclaredColumn): Date | string {
  const tick = facets?.precision === 0 ? 1000 : 1
  const isText = typeof known === 'string'
  const last = isText ? Date.parse(known) : known instanceof Date ? known.getTime() : -Infinity
  const now = Math.floor(Date.now() / tick) * tick
  const next = new Date(now > last ? now : last + tick)
  return facets?.precision === 6 ? next.toISOString().replace('Z', '000Z') : next
}
