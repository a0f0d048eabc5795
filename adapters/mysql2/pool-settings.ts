import mysql2 from 'mysql2'

/** Options of a pool that not every value and row comes through as it is. A caller's pool has them in its `connectionConfig`, in mysql2's form. */
export interface PoolConfig {
  readonly charsetNumber?: number | undefined
  readonly clientFlags?: number | undefined
  readonly nestTables?: unknown
  readonly queryFormat?: unknown
  readonly rowsAsArray?: boolean | undefined
  readonly timezone?: string | undefined
}

const CLIENT_FOUND_ROWS = 2
const OFFSET = /^[+-]\d\d:\d\d$/

/**
 * Refuses what would give rows another shape (an array, tables inside of tables), another count (changed rows where matched ones are
 * needed, U5), or lose something on the way. What only gives values another form is no reason: the rows of sets are read by Mayfly.
 * @param refuse makes the error of what is wrong and what to set
 */
export function checkSettings(config: PoolConfig, refuse: (problem: string) => Error): void {
  const { rowsAsArray, nestTables, clientFlags, queryFormat, charsetNumber } = config
  if (rowsAsArray)
    throw refuse('has rowsAsArray set, and rows must be objects; leave rowsAsArray out')
  if (nestTables)
    throw refuse('has nestTables set, and rows must be flat objects; leave nestTables out')
  if (clientFlags !== undefined && (clientFlags & CLIENT_FOUND_ROWS) === 0)
    throw refuse(
      'has the flag -FOUND_ROWS, and updates must count the rows they matched; take it out of flags',
    )
  if (queryFormat)
    throw refuse(
      'has queryFormat set, a function that changes the text of statements; leave queryFormat out',
    )
  if (charsetNumber !== undefined && !isWholeUnicode(charsetNumber))
    throw refuse(
      "has a charset that cannot express every text, so that characters would be lost; set charset: 'utf8mb4'",
    )
  if (zoneOf(config) === undefined)
    throw refuse(
      config.timezone === undefined || config.timezone === 'local'
        ? "has the timezone 'local', mysql2's default, and the zone of this process is not UTC, so that dates lose an hour or are " +
            "another time elsewhere; set timezone: 'Z', and time_zone = '+00:00' for its sessions"
        : "has a timezone that mysql2 does not know; set timezone: 'Z', or one like '+02:00'",
    )
}

/** The zone of a pool's dates as the server writes it, `+00:00`; `undefined` where it has none that never changes. */
export function zoneOf({ timezone }: PoolConfig): string | undefined {
  if (timezone === 'Z') return '+00:00'
  if (timezone === undefined || timezone === 'local') return isUtcHere() ? '+00:00' : undefined
  // In a URL a + is a space.
  const offset = timezone.replace(/^ /, '+')
  return OFFSET.test(offset) ? offset : undefined
}

/** In winter and summer, and in all years: an offset of 0 today says nothing of other days. */
function isUtcHere(): boolean {
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions()
  return /^(?:Etc\/)?(?:UTC|UCT|GMT|Zulu|Universal|Greenwich)$/.test(timeZone)
}

function isWholeUnicode(charset: number): boolean {
  return wholeUnicode.has(charset) || (charset >= 2304 && charset < 2560)
}

/** Those that mysql2 has a name for; MariaDB has a block of others. */
const wholeUnicode = new Set(
  Object.entries(mysql2.Charsets)
    .filter(([name]) => name.startsWith('UTF8MB4'))
    .map(([, number]) => Number(number)),
)
