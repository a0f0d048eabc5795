import { exactDate, readUtc } from '../../lib/support/utc-time.js'

const ZERO = '0'.charCodeAt(0)
const USUAL = /^[1-9]\d{3}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?(?:\+00)?$/

/**
 * A time as the server writes it, `2024-02-29 12:13:14.123456+00`; without a zone it is UTC. In a
 * session of UTC nearly all times have this form, whose digits are read where they stand, because
 * every row may have some.
 * @returns `undefined` for a time that is written otherwise, such as `infinity` or one before Christ
 */
export function readServerTime(text: string): Date | undefined {
  if (!USUAL.test(text)) return readUtc(withYear0(text))
  const end = text.endsWith('+00') ? text.length - 3 : text.length
  let fraction = 0
  for (let i = 20; i < 26; i++) fraction = fraction * 10 + (i < end ? digit(text, i) : 0)
  const micros = fraction % 1000
  const time = Date.UTC(
    two(text, 0) * 100 + two(text, 2),
    two(text, 5) - 1,
    two(text, 8),
    two(text, 11),
    two(text, 14),
    two(text, 17),
    (fraction - micros) / 1000,
  )
  return exactDate(time, micros)
}

function two(text: string, at: number): number {
  return digit(text, at) * 10 + digit(text, at + 1)
}

function digit(text: string, at: number): number {
  return text.charCodeAt(at) - ZERO
}

/** 1 BC is the year 0. */
function withYear0(text: string): string {
  return text.endsWith(' BC') && text.startsWith('0001-') ? `0000${text.slice(4, -3)}` : text
}
