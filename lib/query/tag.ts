/** How long what a statement says of itself may be (characters). */
const LONGEST_TAG = 200

/** What may stand in the comment: nothing that ends it, that a server would execute, or that a driver takes for a placeholder. */
const ELSE = /[^\p{L}\p{N} _.,=()[\]#@+-]+/gu

/** @param text whatever it is, of whoever writes no types */
export function tagOf(text: unknown): string {
  return String(text).toWellFormed().slice(0, LONGEST_TAG).replace(ELSE, '_').replaceAll('--', '__')
}
