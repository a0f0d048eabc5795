import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { repository } from '../support/repository.js'

/** One ```ts block of a guide. */
export interface CodeBlock {
  /** `README.md:42`. */
  readonly place: string
  readonly code: string
  /** Marked with `<!-- run -->`: a whole program. */
  readonly runs: boolean
  /** The ```text block after a program: what it prints. */
  readonly output: string | undefined
}

export function guides(): string[] {
  const docs = join(repository, 'docs')
  const names = readdirSync(docs, { recursive: true, encoding: 'utf8' })
  const pages = names.filter(name => name.endsWith('.md')).map(name => join(docs, name))
  return [join(repository, 'README.md'), ...pages]
}

export function codeBlocks(file: string): CodeBlock[] {
  const text = readFileSync(file, 'utf8')
  const fences = [...text.matchAll(/^(<!-- run -->\s+)?```(\w+)\n(.*?)^```$/gms)]
  return fences.flatMap(({ 1: run, 2: language, 3: code, index }, i) => {
    if (language !== 'ts') return []
    const line = text.slice(0, index).split('\n').length
    const next = fences[i + 1]
    const runs = run !== undefined
    return {
      place: `${relative(repository, file)}:${line}`,
      code: code!,
      runs,
      output: runs && next?.[2] === 'text' ? next[3] : undefined,
    }
  })
}
