/**
 * What a statement may leave in its session: nothing, what a reset of the session undoes, or what
 * only its end undoes.
 */
export type SessionEffect = 'none' | 'resettable' | 'lasting'

/** First words of statements that leave nothing in a session, but for what {@link TELLING} finds. */
const HARMLESS = words(
  'select insert update delete replace with values table do show explain describe desc analyze ' +
    'create alter drop truncate rename grant revoke start begin commit rollback savepoint release',
)
/** First words of statements that may change it. */
const CHANGING = words('set use call lock unlock handler prepare execute deallocate load flush xa')
/** What hides in other statements, and what a server does not report: variables, and locks by name. */
const TELLING =
  /:=|\binto\s*@|\bget_lock\s*\(|\bservice_get_\w+\s*\(|\b(?:create|replace|drop)\s+temporary\b/i
/** Comments that are run, and blocks of statements: they may hold anything. */
const HIDDEN = /\/\*M?!|\bnot\s+atomic\b/i
/** Both servers keep a role when a session is reset; and so may do what is prepared for later. */
const LASTING = /\brole\b|^\W*(?:execute|prepare|xa|lock\s+instance|backup)\b/i
/** After blanks, brackets and comments. */
const FIRST_WORD = /^(?:[\s(]|(?:--|#)[^\n]*(?:\n|$)|\/\*[^]*?(?:\*\/|$))*([a-z]+)/i

/**
 * What a text may leave in the session, judged by its words. It errs on the side of a reset too
 * many: what is not known to be harmless is not.
 */
export function sessionEffectOf(sql: string): SessionEffect {
  if (HIDDEN.test(sql)) return 'lasting'
  let effect: SessionEffect = TELLING.test(sql) ? 'resettable' : 'none'
  // A semicolon may also be part of a comment or a literal, so what comes after it is less sure.
  for (const [i, part] of sql.split(';').entries()) {
    const word = FIRST_WORD.exec(part)?.[1]?.toLowerCase()
    if (word === undefined || (i === 0 ? HARMLESS.has(word) : !CHANGING.has(word))) continue
    if (!CHANGING.has(word) || LASTING.test(part)) return 'lasting'
    effect = 'resettable'
  }
  return effect
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.split(' '))
}
