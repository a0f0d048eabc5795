/** What may stand before a statement; MySQL runs what stands in an executable comment, so only its opening is skipped. */
const BEFORE = String.raw`(?:[\s;]|--[^\n]*(?:\n|$)|#[^\n]*(?:\n|$)|\/\*M?!\d*|\/\*(?:[^*]|\*(?!\/))*\*\/)*`
/** MariaDB's `begin not atomic` is a block of statements, and `rollback to` goes no further than a savepoint. */
const STATEMENT = String.raw`(?:begin(?!\s+not\b)|start\s+transaction|commit|end|abort|prepare\s+transaction|rollback(?!(?:\s+work|\s+transaction)?\s+to\b))\b`
const TRANSACTION_STATEMENT = new RegExp(`^${BEFORE}${STATEMENT}`, 'i')

/** The first letters of such a statement, and of what may stand before it; they are rare where statements are many. */
const RARE = new Set(
  Array.from('bBcCeEaApPrR;-#/ \t\r\n\f\v\uFEFF', letter => letter.charCodeAt(0)),
)
const S = 's'.charCodeAt(0)
const T = 't'.charCodeAt(0)
const LOWER = 0x20

/** Whether a text begins or ends a transaction (O12): judged from its first words, before it is sent. */
export function isTransactionStatement(sql: string): boolean {
  const first = sql.charCodeAt(0)
  // Every `select` begins like `start`.
  const mayBe = (first | LOWER) === S ? (sql.charCodeAt(1) | LOWER) === T : RARE.has(first)
  return mayBe && TRANSACTION_STATEMENT.test(sql)
}
