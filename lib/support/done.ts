/** What has ended already. One for all, so that whoever goes through many ends need not wait for those that are over. */
export const DONE: Promise<void> = Promise.resolve()
