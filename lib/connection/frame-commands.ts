import type { TransactionSettings } from 'kysely'
import { savepointsUnsupported } from '../errors.js'
import type { DataSource } from './data-source.js'
import type { MayflyConnection, MayflyDriver } from './driver.js'
import type { TransactionFrame } from './transaction.js'
import { translateError } from './translate-error.js'

/** What a driver is told at the begin and the end of a transaction, or of a savepoint. */
export class FrameCommands {
  readonly #source: DataSource

  constructor(source: DataSource) {
    this.#source = source
  }

  begin(
    frame: TransactionFrame,
    connection: MayflyConnection,
    settings: TransactionSettings,
  ): Promise<void> {
    return this.#ask('begin', driver =>
      frame.parent
        ? this.#savepoint('savepoint', frame, connection)
        : driver.beginTransaction(connection, settings),
    )
  }

  commit(frame: TransactionFrame, connection: MayflyConnection): Promise<void> {
    return this.#ask('commit', driver =>
      frame.parent
        ? this.#savepoint('releaseSavepoint', frame, connection)
        : driver.commitTransaction(connection),
    )
  }

  rollback(frame: TransactionFrame, connection: MayflyConnection): Promise<void> {
    return this.#ask('rollback', async driver => {
      if (!frame.parent) return driver.rollbackTransaction(connection)
      await this.#savepoint('rollbackToSavepoint', frame, connection)
      await this.#savepoint('releaseSavepoint', frame, connection)
    })
  }

  async #savepoint(
    verb: 'savepoint' | 'releaseSavepoint' | 'rollbackToSavepoint',
    frame: TransactionFrame,
    connection: MayflyConnection,
  ): Promise<void> {
    const { driver, compiler } = this.#source
    if (!driver[verb]) throw savepointsUnsupported()
    await driver[verb](connection, frame.savepoint, compiler.compileQuery.bind(compiler))
  }

  async #ask(verb: string, ask: (driver: MayflyDriver) => Promise<void>): Promise<void> {
    const { driver } = this.#source
    try {
      await ask(driver)
    } catch (error) {
      throw translateError(driver, error, verb)
    }
  }
}
