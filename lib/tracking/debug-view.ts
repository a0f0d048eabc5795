import { inspect } from 'node:util'
import { columnsOf } from './snapshot.js'
import type { TrackedEntry } from './tracked-entry.js'

/** A line for each object: its table, key and state, and what has changed, with values. */
export function debugView(entries: Iterable<TrackedEntry>): string {
  const lines: string[] = []
  for (const entry of entries) lines.push(lineOf(entry))
  return lines.join('\n')
}

function lineOf(entry: TrackedEntry): string {
  const { model, entity, originals, state, fate } = entry
  const key = model.keys.map(name => {
    const value = Object.hasOwn(entity, name) ? entity[name] : undefined
    return `${name}: ${value === undefined ? 'not known yet' : shown(value)}`
  })
  const head = `${model.table} { ${key.join(', ')} } ${state}`
  const doubt = entry.isUncertain ? ', not known whether it is stored' : ''
  return [head + doubt, ...(fate === 'added' ? given(entry) : changes(entry, originals))].join(' ')
}

function given({ model, entity }: TrackedEntry): string[] {
  return Object.keys(columnsOf(model, entity))
    .filter(name => !model.keys.includes(name))
    .map(name => `${name}: ${shown(entity[name])}`)
}

function changes(entry: TrackedEntry, originals: Readonly<Record<string, unknown>>): string[] {
  if (entry.fate !== 'kept') return []
  return entry
    .changedColumns()
    .map(name => `${name}: ${shown(originals[name])} -> ${shown(entry.entity[name])}`)
}

function shown(value: unknown): string {
  return inspect(value, { breakLength: Infinity, maxStringLength: 100, maxArrayLength: 20 })
}
