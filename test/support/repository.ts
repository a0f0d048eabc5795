import { fileURLToPath } from 'node:url'

/** The folder of the project. */
export const repository = fileURLToPath(new URL('../..', import.meta.url))
