/**
 * Whether two values are the same to a database, for columns without a type of their own: numbers, text, dates, bytes and plain documents by what
 * they hold, other objects by identity.
 */
export function equalValues(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null)
    return a !== a && b !== b
  if (a instanceof Date) return b instanceof Date && equalDates(a, b)
  if (a instanceof Uint8Array) return b instanceof Uint8Array && equalBytes(a, b)
  return isPlain(a) && isPlain(b) && equalDocuments(a, b)
}

/** What {@link equalValues} can compare with later, when the value has been changed in place. */
export function snapshotValue(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Date) return snapshotDate(value)
  if (value instanceof Uint8Array) return snapshotBytes(value)
  return isPlain(value) ? snapshotDocument(value) : value
}

/** Two invalid dates are the same, or a row that holds one would count as changed for ever. */
export function equalDates(a: Date, b: Date): boolean {
  const [x, y] = [a.getTime(), b.getTime()]
  return x === y || (Number.isNaN(x) && Number.isNaN(y))
}

export function snapshotDate(date: Date): Date {
  return new Date(date.getTime())
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && Buffer.compare(a, b) === 0
}

export function snapshotBytes<B extends Uint8Array>(bytes: B): B {
  return (Buffer.isBuffer(bytes) ? Buffer.from(bytes) : Uint8Array.from(bytes)) as Uint8Array as B
}

/** Whether two documents are the same text as JSON, whatever the order of their properties. */
export function equalDocuments(a: unknown, b: unknown): boolean {
  if (a === b) return true
  const [x, y] = [asJson(a), asJson(b)]
  if (x === y) return true
  if (typeof x !== 'object' || typeof y !== 'object' || x === null || y === null) return false
  if (Array.isArray(x) || Array.isArray(y)) {
    if (!Array.isArray(x) || !Array.isArray(y) || x.length !== y.length) return false
    return x.every((item, i) => equalDocuments(item ?? null, y[i] ?? null))
  }
  return equalProperties(x as Record<string, unknown>, y as Record<string, unknown>)
}

function equalProperties(a: Record<string, unknown>, b: Record<string, unknown>): boolean {
  let more = 0
  for (const name of Object.keys(a)) {
    if (asJson(a[name]) === undefined) continue
    if (!Object.hasOwn(b, name) || !equalDocuments(a[name], b[name])) return false
    more++
  }
  for (const name of Object.keys(b)) if (asJson(b[name]) !== undefined) more--
  return more === 0
}

/** A copy of what JSON keeps of a document. */
export function snapshotDocument<V>(value: V): V {
  const json = asJson(value)
  if (typeof json !== 'object' || json === null) return json as V
  if (Array.isArray(json)) return json.map(item => snapshotDocument(item ?? null)) as V
  const copy: Record<string, unknown> = {}
  for (const name of Object.keys(json)) {
    const property = snapshotDocument((json as Record<string, unknown>)[name])
    if (property === undefined) continue
    if (name === '__proto__')
      Object.defineProperty(copy, name, { value: property, enumerable: true })
    else copy[name] = property
  }
  return copy as V
}

/** What `JSON.stringify` would look at in place of the value; `undefined` for what it leaves out. */
function asJson(value: unknown): unknown {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? value : null
    case 'function':
    case 'symbol':
      return undefined
    case 'object': {
      if (value === null || !('toJSON' in value)) return value
      return typeof value.toJSON === 'function' ? value.toJSON() : value
    }
    default:
      return value
  }
}

function isPlain(value: object): boolean {
  if (Array.isArray(value)) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
