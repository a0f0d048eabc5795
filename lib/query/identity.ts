import type { DeclaredSet } from './set-model.js'

/** A key as one value that is equal where the keys of two rows are. */
export type Identity = string | number

const WHOLE = /^-?(?:0|[1-9]\d{0,15})$/

/** @returns `undefined` where a part of the key has no value */
export function identityOf(
  { keys }: DeclaredSet,
  values: Readonly<Record<string, unknown>>,
): Identity | undefined {
  return keys.length === 1
    ? identityOfValue(values[keys[0]!])
    : identityOfParts(keys.map(name => values[name]))
}

/** Of the values of a key, in the order of its columns. */
export function identityOfParts(values: readonly unknown[]): Identity | undefined {
  if (values.length === 1) return identityOfValue(values[0])
  const parts = values.map(identityOfValue)
  return parts.includes(undefined) ? undefined : JSON.stringify(parts)
}

/** A number is one number, whether the driver gave it as a number, a bigint or text. */
export function identityOfValue(value: unknown): Identity | undefined {
  switch (typeof value) {
    case 'number':
      return value
    case 'bigint':
      return numbered(String(value))
    case 'string':
      return numbered(value)
    case 'boolean':
      return Number(value)
    case 'object':
      if (value instanceof Date) return `date ${value.getTime()}`
      return value instanceof Uint8Array ? `bytes ${Buffer.from(value).toString('hex')}` : undefined
    default:
      return undefined
  }
}

function numbered(text: string): Identity {
  if (!WHOLE.test(text)) return text
  const number = Number(text)
  return Number.isSafeInteger(number) && String(number) === text ? number : text
}
