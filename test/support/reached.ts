import { readFileSync } from 'node:fs'
import { basename, dirname, join, normalize } from 'node:path'
import { repository } from './repository.js'

/** What of the test support asks for a server. */
export type ServerRoom = 'databases' | 'mysql-run' | 'postgres-run'

const ROOMS: readonly string[] = ['databases', 'mysql-run', 'postgres-run']

/** Which of them a spec imports, itself or through other files of the tests. */
export function serverRoomsOf(spec: string): ReadonlySet<ServerRoom> {
  const rooms = new Set<ServerRoom>()
  const seen = new Set([spec])
  for (const file of seen) {
    const room = basename(file, '.ts')
    if (isRoom(room)) {
      rooms.add(room)
      continue
    }
    const source = readFileSync(join(repository, file), 'utf8')
    for (const [, path] of source.matchAll(/^(?:import|export|\} from)[^;]*?'(\.[^']+)\.js'/gm)) {
      const imported = `${normalize(join(dirname(file), path!))}.ts`
      if (imported.startsWith('test/')) seen.add(imported)
    }
  }
  return rooms
}

function isRoom(name: string): name is ServerRoom {
  return ROOMS.includes(name)
}
