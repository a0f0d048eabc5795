/** Waits for a promise to settle, but not for ever: `false` when `timeout` (ms) was over first. */
export async function settledWithin(promise: Promise<unknown>, timeout: number): Promise<boolean> {
  const { promise: inTime, resolve } = Promise.withResolvers<boolean>()
  const timer = setTimeout(resolve, timeout, false)
  const settle = () => resolve(true)
  promise.then(settle, settle)
  try {
    return await inTime
  } finally {
    clearTimeout(timer)
  }
}
