import type { MayflyQuery } from './driver.js'

/**
 * Which statements a server prepares. `'ours'`: those that Mayfly makes, of column names, known operators and values. `'always'`: those of users as
 * well, for whoever measured that it pays, and knows what a server makes of a parameter in the place of a value. `'never'`: none, for what stands
 * before a server and cannot have it.
 */
export type Prepare = 'ours' | 'always' | 'never'

export const DEFAULT_PREPARE: Prepare = 'ours'

export const PREPARES: readonly unknown[] = ['ours', 'always', 'never'] satisfies Prepare[]

/** Whether this statement is to be prepared: never a matter of how often it ran. */
export function isPrepared(prepare: Prepare, { ours }: MayflyQuery): boolean {
  return prepare === 'ours' ? ours === true : prepare === 'always'
}
