import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import type { Defect } from './defect.js'
import { defects } from './list/index.js'
import { repository } from '../support/repository.js'

/** A defect, and the test that caught it. */
export interface Catch {
  readonly defect: Defect
  readonly spec: string
  readonly by: string
}

/** The test that failed; of a history also what was wrong, because its title says little. */
export function catcher({ test, message }: { test: string; message: string }): string {
  const wrong = /^Got error: (.*)$/m.exec(message)?.[1]
  if (wrong === undefined) return test
  const database = /\((SQLite|MariaDB|MySQL|PostgreSQL)\)/.exec(test)?.[1]
  const histories = `${test.includes('calm') ? 'calm' : 'random'} histories`
  return `${histories}${database ? ` on ${database}` : ''}: ${wrong}`
}

const FROM = '<!-- defects -->'
const TO = '<!-- /defects -->'

/** Writes the table of docs/testing.md. */
export async function writeDocs(catches: readonly Catch[]): Promise<void> {
  const file = join(repository, 'docs/testing.md')
  const text = readFileSync(file, 'utf8')
  const [before, rest] = text.split(FROM)
  const after = rest?.split(TO)[1]
  if (after === undefined) throw new Error(`${file} has no ${FROM} and ${TO}`)
  const written = `${before}${FROM}\n\n${table(catches)}\n\n${TO}${after}`
  writeFileSync(file, await format(written, { ...(await resolveConfig(file)), parser: 'markdown' }))
}

function table(catches: readonly Catch[]): string {
  const rows = defects.map(({ id, breaks, rule, caughtBy }) => {
    const by = caughtBy.map(spec => {
      const seen = catches.find(one => one.defect.id === id && one.spec === spec)!
      return cell(seen.by)
    })
    return `| ${[`\`${id}\``, rule, cell(breaks), by.join('<br>')].join(' | ')} |`
  })
  return ['| defect | rule | what it breaks | caught by |', '|---|---|---|---|', ...rows].join('\n')
}

function cell(text: string): string {
  return text.replace(/[|<>*_`]/g, '\\$&')
}
