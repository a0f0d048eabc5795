import { invalidOption } from '../errors.js'

/** Where Mayfly writes what a person should see (D3): `console`, pino, or anything else that has these three. */
export interface Logger {
  /** Operations, with their milliseconds and rows. */
  debug(message: string): void
  /** Contexts that nobody disposed, failed disposers, abandoned requests. */
  warn(message: string): void
  error(message: string): void
}

const METHODS = ['debug', 'warn', 'error'] as const

/** @throws RegistrationError for an object that cannot log */
export function checkLogger(logger: Logger): void {
  if (METHODS.every(method => typeof (logger as Partial<Logger> | null)?.[method] === 'function'))
    return
  throw invalidOption('logger', 'an object with debug, warn and error, such as console')
}

/** A warning with a code, for what nobody waits for: to the logger, or as a process warning where there is none. */
export function warn(logger: Logger | undefined, message: string, code: string): void {
  if (logger) logger.warn(message)
  else process.emitWarning(message, { type: 'MayflyWarning', code })
}

/** The same for an error that came too late for anybody to catch. */
export function warnOfError(logger: Logger | undefined, error: unknown): void {
  if (logger)
    logger.warn(error instanceof Error ? `${error.name}: ${error.message}` : String(error))
  else process.emitWarning(error instanceof Error ? error : String(error))
}
