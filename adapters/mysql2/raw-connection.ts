import type { Socket } from 'node:net'
import type { PoolConnection } from 'mysql2'

/** A connection of mysql2's callback pool; mysql2 has no type for its socket, and for what its server says of itself. */
export type RawConnection = PoolConnection & {
  readonly stream: Socket
  readonly _isMariaDB?: boolean
}
