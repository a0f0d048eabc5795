/** The day or time that begins with its year, for PostgreSQL, which has no year 0 and calls it 1 BC. */
export function yearOfPostgres(text: string): string {
  return text.startsWith('0000') ? `0001${text.slice(4)} BC` : text
}
