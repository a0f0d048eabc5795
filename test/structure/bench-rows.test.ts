import { expect } from 'chai'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { repository } from '../support/repository.js'

function read(pattern: string): string {
  return globSync(pattern, { cwd: repository })
    .map(file => readFileSync(join(repository, file), 'utf8'))
    .join('\n')
}

describe('what comments say of speed', () => {
  it('names rows that the benchmarks have', () => {
    const comments = read('{lib,adapters}/**/*.ts').replaceAll(/\n\s*\* /g, ' ')
    const named = [...comments.matchAll(/bench row '([^']+)'/g)].map(([, row]) => row!)
    const rows = read('bench/rows/*.ts')

    expect(named).to.include('open scope')
    // A title may be put together of parts.
    const isThere = (row: string) => row.split(', ').every(part => rows.includes(part))
    expect(named.filter(row => !isThere(row))).to.deep.equal([])
  })
})
