const IN_TRANSACTION = 0x0001
const AUTOCOMMIT = 0x0002

/** What a connection knows from the status flags in the server's answers. */
export class ServerStatus {
  #flags = AUTOCOMMIT

  /** Takes the flags of an answer without rows. mysql2 keeps those of rows to itself. */
  note(flags: number): void {
    this.#flags = flags
  }

  /** Rows begin a transaction where autocommit is off; they never end one. */
  noteRows(): void {
    if (!this.autocommit) this.#flags |= IN_TRANSACTION
  }

  get inTransaction(): boolean {
    return (this.#flags & IN_TRANSACTION) !== 0
  }

  get autocommit(): boolean {
    return (this.#flags & AUTOCOMMIT) !== 0
  }
}
