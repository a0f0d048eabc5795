import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { repository } from '../support/repository.js'

const BESIDE_DIST = ['LICENSE', 'README.md', 'package.json']

/**
 * Looks at every file of the installed package. There are no source maps, because the sources are not in it and what runs is
 * the sources without their types.
 * @returns how much it is, for people
 * @throws with every file that does not belong there
 */
export function checkContents(folder: string, tarball: string): string {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
  const names = new Set(files.map(file => relative(folder, file).replaceAll(sep, '/')))
  const findings = BESIDE_DIST.filter(name => !names.has(name)).map(name => `${name} is missing`)
  let unpacked = 0
  for (const name of names) {
    const text = readFileSync(join(folder, name), 'utf8')
    unpacked += statSync(join(folder, name)).size
    if (!belongs(name)) findings.push(`${name} does not belong there`)
    if (hasNoTwin(name, names)) findings.push(`${name} has no .js or no .d.ts beside it`)
    if (text.includes('sourceMappingURL=')) findings.push(`${name} names a source map`)
    if (text.includes(repository)) findings.push(`${name} names a folder of this machine`)
  }
  if (findings.length > 0) throw new Error(findings.join('\n'))
  return `${names.size} files, ${inKb(statSync(tarball).size)} packed, ${inKb(unpacked)} unpacked`
}

function belongs(name: string): boolean {
  return BESIDE_DIST.includes(name) || /^dist\/(lib|adapters)\/.+\.(js|d\.ts)$/.test(name)
}

function hasNoTwin(name: string, names: ReadonlySet<string>): boolean {
  if (!name.startsWith('dist/')) return false
  const twin = name.endsWith('.d.ts')
    ? name.replace(/\.d\.ts$/, '.js')
    : name.replace(/\.js$/, '.d.ts')
  return !names.has(twin)
}

function inKb(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`
}
