/** Aborts on Ctrl-C, and when the system asks the process to end. A second Ctrl-C ends the process at once. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController()
  const stop = () => controller.abort(new Error('The program was told to stop.'))
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  return controller.signal
}
