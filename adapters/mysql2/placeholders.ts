const QUESTION = 0x3f
const QUOTE = 0x27
const DOUBLE_QUOTE = 0x22
const BACKTICK = 0x60
const HASH = 0x23
const DASH = 0x2d
const SLASH = 0x2f
const STAR = 0x2a

/**
 * The parts of a text around its placeholders: every `?` that does not stand in a literal, a quoted name or a comment. `undefined` where only the
 * server can tell: for a backslash between quotes, which its mode gives a meaning, for a comment that is run (`/*! ... *\/`), and for a quote or a
 * comment that does not end.
 */
export function partsOf(sql: string): readonly string[] | undefined {
  const parts: string[] = []
  let start = 0
  for (let i = 0; i < sql.length; i++) {
    const code = sql.charCodeAt(i)
    if (code === QUESTION) {
      parts.push(sql.slice(start, i))
      start = i + 1
      continue
    }
    const end = endOfPassage(sql, i, code)
    if (end === -1) return undefined
    i = end
  }
  parts.push(sql.slice(start))
  return parts
}

/** Where the literal, name or comment that begins here ends; `start` where none does, -1 where that cannot be told. */
function endOfPassage(sql: string, start: number, code: number): number {
  switch (code) {
    case BACKTICK:
      return sql.indexOf('`', start + 1)
    case QUOTE:
      return endOfQuoted(sql, start, "'")
    case DOUBLE_QUOTE:
      return endOfQuoted(sql, start, '"')
    case HASH:
      return endOfLine(sql, start)
    case DASH:
      return isDashComment(sql, start) ? endOfLine(sql, start) : start
    case SLASH:
      return sql.charCodeAt(start + 1) === STAR ? endOfComment(sql, start) : start
    default:
      return start
  }
}

/** Two of them, and a blank, a control character or the end of the text. */
function isDashComment(sql: string, start: number): boolean {
  if (sql.charCodeAt(start + 1) !== DASH) return false
  const next = sql.charCodeAt(start + 2)
  return !(next > 0x20) || next === 0x7f
}

/** A doubled quote ends one literal and begins the next, which is all the same here. */
function endOfQuoted(sql: string, start: number, quote: string): number {
  const end = sql.indexOf(quote, start + 1)
  const backslash = sql.indexOf('\\', start + 1)
  return backslash !== -1 && backslash < end ? -1 : end
}

function endOfLine(sql: string, start: number): number {
  const end = sql.indexOf('\n', start)
  return end === -1 ? sql.length : end
}

function endOfComment(sql: string, start: number): number {
  if (/^\/\*M?!/.test(sql.slice(start, start + 4))) return -1
  const end = sql.indexOf('*/', start + 2)
  return end === -1 ? -1 : end + 1
}
