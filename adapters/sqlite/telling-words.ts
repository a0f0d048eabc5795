/** First words of statements that leave nothing in their connection, but for a temporary table. */
const HARMLESS = new Set(
  (
    'select insert update delete replace with values create alter drop begin commit end rollback savepoint release ' +
    'explain analyze reindex vacuum'
  ).split(' '),
)
const DEFINES = new Set(['create', 'alter', 'drop'])
const TEMPORARY = /\btemp(?:orary)?\b/i
/** Pragmas that read with an argument, or write to the file and not to the connection. */
const READING_PRAGMA = new RegExp(
  '^\\W*pragma\\s+(?:\\w+\\s*\\.\\s*)?(?:' +
    'table_x?info|table_list|index_x?info|index_list|foreign_key_list|foreign_key_check|integrity_check|quick_check|' +
    'application_id|user_version|optimize|wal_checkpoint|incremental_vacuum)\\b',
  'i',
)

/**
 * Whether a statement may leave something in its connection for whoever uses it next: a pragma, an attached file, a temporary
 * table, view or trigger. What is not known to be harmless is not.
 * @param bare the text without literals, quoted names and comments
 * @param first its first word
 */
export function changesConnection(sql: string, bare: string, first: string | undefined): boolean {
  if (first === undefined) return false
  // A pragma without a value tells what it is.
  if (first === 'pragma') return /[=(]/.test(bare) && !READING_PRAGMA.test(bare)
  return !HARMLESS.has(first) || (DEFINES.has(first) && TEMPORARY.test(sql))
}
