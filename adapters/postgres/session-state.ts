import type { RawClient } from './client.js'
import type { SessionEffect } from './telling-words.js'

/** Belongs to the server, not to the session: a standby was made the primary. */
const OF_THE_SERVER = new Set(['in_hot_standby'])

/** What a connection knows of its session, from the words of statements and the server's reports. */
export class SessionState {
  #effect: SessionEffect = 'none'

  constructor(raw: RawClient) {
    raw.connection.on('parameterStatus', ({ parameterName }: { parameterName: string }) => {
      if (!OF_THE_SERVER.has(parameterName)) this.note('resettable')
    })
  }

  /** Whether the next user of the session would see something of this one. */
  get isChanged(): boolean {
    return this.#effect !== 'none'
  }

  /** Whether {@link RESET} makes it as good as new. */
  get isResettable(): boolean {
    return this.#effect !== 'lasting'
  }

  note(effect: SessionEffect): void {
    if (effect !== 'none' && this.#effect !== 'lasting') this.#effect = effect
  }

  /** It is as its connection was made. */
  settle(): void {
    this.#effect = 'none'
  }
}

/**
 * Makes a session new again, in one round trip: DISCARD ALL would also drop what is prepared. RESET
 * ALL goes back to what was told while connecting, and leaves the role.
 */
export const RESET = [
  'close all',
  'set session authorization default',
  'reset role',
  'reset all',
  'unlisten *',
  'select pg_advisory_unlock_all()',
  'discard temp',
  'discard sequences',
].join('; ')
