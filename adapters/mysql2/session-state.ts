import type { FieldPacket, ResultSetHeader } from 'mysql2'
import { Escaping } from './escaping.js'
import { reportOf, type Reply } from './reply.js'
import type { SessionSettings } from './session-settings.js'
import type { SessionEffect } from './telling-words.js'
import type { RawConnection } from './raw-connection.js'

/** What a connection knows of its session, from the words of statements and the server's answers. */
export class SessionState {
  /** What a backslash is in it. */
  readonly escaping: Escaping
  readonly #settings: SessionSettings
  readonly #afterReset: readonly string[] | undefined
  #effect: SessionEffect = 'none'
  #isElsewhere = false

  constructor(raw: RawConnection, settings: SessionSettings) {
    this.#settings = settings
    this.#afterReset = settings.afterReset(raw)
    this.escaping = new Escaping(raw.config)
  }

  /** Whether the next user of the session would see something of this one. */
  get isChanged(): boolean {
    return this.#effect !== 'none'
  }

  /**
   * The statements that make it new again, after the server has reset it; `undefined` where nothing
   * does.
   */
  get afterReset(): readonly string[] | undefined {
    return this.#effect === 'lasting' ? undefined : this.#afterReset
  }

  /** Whether it is in another database than the one that its connection was made for. */
  get isElsewhere(): boolean {
    return this.#isElsewhere
  }

  note(effect: SessionEffect): void {
    if (effect === 'none') return
    if (this.#effect !== 'lasting') this.#effect = effect
    this.escaping.forget()
  }

  noteReply(
    header: ResultSetHeader | undefined,
    reply: Reply,
    columns: FieldPacket[] | undefined,
  ): void {
    const report = header && reportOf(reply, columns)
    if (report) this.note('resettable')
    else if (this.#settings.resetsAlways && this.#effect === 'none') this.#effect = 'resettable'
    if (report === 'database') this.#isElsewhere = true
  }

  /** What it holds now is what Mayfly has set. */
  settle(): void {
    this.#effect = 'none'
    this.#isElsewhere = false
    this.escaping.forget()
  }
}
