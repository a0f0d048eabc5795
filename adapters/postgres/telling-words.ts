/**
 * What a statement may leave in its session: nothing, what a reset of the session undoes, or what
 * only its end undoes.
 */
export type SessionEffect = 'none' | 'resettable' | 'lasting'

/** First words of statements that leave nothing in a session, but for what {@link TELLING} finds. */
const HARMLESS = words(
  'select insert update delete merge with values table show explain analyze create alter drop ' +
    'truncate comment grant revoke begin start commit end abort rollback savepoint release lock ' +
    'notify vacuum reindex cluster refresh checkpoint copy fetch move import reassign security',
)
/** First words of statements that may change it. */
const CHANGING = words(
  'set reset discard listen unlisten declare close do call load prepare execute deallocate',
)
/** What hides in other statements, and what a server does not report. */
const TELLING =
  /\b(?:set_config|setseed|pg_(?:try_)?advisory_lock(?:_shared)?)"?\s*\(|\b(?:create|replace|into)\s+(?:(?:global|local)\s+)?temp(?:orary)?\b|\bpg_temp\b/i
/** Libraries, statements under a name, and connections inside of connections outlive a reset. */
const LASTING = /^\W*(?:load|prepare|execute|deallocate)\b|\bdblink_connect/i
/** These last as long as their transaction. */
const TRANSIENT = /^\s*set\s+(?:local|constraints|transaction)\b/i
/** After blanks, brackets and comments. */
const FIRST_WORD = /^(?:[\s(]|--[^\n]*(?:\n|$)|\/\*[^]*?(?:\*\/|$))*([a-z]+)/i

/**
 * What a text may leave in the session, judged by its words. It errs on the side of a reset too
 * many: what is not known to be harmless is not.
 */
export function sessionEffectOf(sql: string): SessionEffect {
  if (/\bdblink_connect/i.test(sql)) return 'lasting'
  let effect: SessionEffect = TELLING.test(sql) ? 'resettable' : 'none'
  // A semicolon may also be part of a comment or a literal, so what comes after it is less sure.
  for (const [i, part] of sql.split(';').entries()) {
    const word = FIRST_WORD.exec(part)?.[1]?.toLowerCase()
    if (word === undefined || TRANSIENT.test(part)) continue
    if (i === 0 ? HARMLESS.has(word) : !CHANGING.has(word)) continue
    if (!CHANGING.has(word) || LASTING.test(part)) return 'lasting'
    effect = 'resettable'
  }
  return effect
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.split(' '))
}
