import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { repository } from '../support/repository.js'

/** One file of the program that names another. */
export interface Import {
  readonly from: string
  readonly to: string
  /** Whether nothing is left of it at run time. */
  readonly isType: boolean
}

const IMPORT = /^(?:import|export)(?<type> type)?(?<names>[^;'"]*?)from '(?<path>[^']+)'/gm

/** All imports of the files of lib and adapters: of each other, or of packages (by name). */
export function readImports(of: 'file' | 'package' = 'file'): Import[] {
  return globSync(['lib/**/*.ts', 'adapters/**/*.ts'], { cwd: repository }).flatMap(from => {
    const source = readFileSync(join(repository, from), 'utf8')
    return [...source.matchAll(IMPORT)].flatMap(({ groups }) => {
      const { type, names, path } = groups as { type?: string; names: string; path: string }
      const isFile = path.startsWith('.')
      if (isFile !== (of === 'file')) return []
      const to = isFile ? normalize(join(dirname(from), path)).replace(/\.js$/, '.ts') : path
      return [{ from, to, isType: type !== undefined || namesTypesOnly(names) }]
    })
  })
}

function namesTypesOnly(names: string): boolean {
  const list = /^\s*\{(?<list>[^}]*)\}\s*$/.exec(names)?.groups?.['list']
  return (
    list !== undefined &&
    list
      .split(',')
      .map(name => name.trim())
      .filter(name => name !== '')
      .every(name => name.startsWith('type '))
  )
}

/** A circle of imports, as a list of files; `undefined` where there is none. */
export function findCircle(imports: readonly Import[]): readonly string[] | undefined {
  const done = new Set<string>()
  const targets = Map.groupBy(imports, ({ from }) => from)
  const visit = (file: string, path: readonly string[]): readonly string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file]
    if (done.has(file)) return undefined
    for (const { to } of targets.get(file) ?? []) {
      const circle = visit(to, [...path, file])
      if (circle) return circle
    }
    done.add(file)
    return undefined
  }
  for (const file of targets.keys()) {
    const circle = visit(file, [])
    if (circle) return circle
  }
  return undefined
}
