/** How much of a statement is shown to people (characters). */
export const SHOWN_SQL = 1_000

/** A statement as messages and logs show it: its beginning, and how long it is, where it is long. */
export function shownSql(sql: string): string {
  if (sql.length <= SHOWN_SQL) return sql
  return `${sql.slice(0, SHOWN_SQL)}... (${sql.length} characters)`
}
