const GENERATION = 1000
const LONGEST = 8192

/**
 * What is remembered of the texts that were seen lately: at most 2,000 of at most 8,192 characters.
 * Of two generations the older one is forgotten as a whole, so nothing has to be put in order when a text comes back.
 */
export class Recent<V> {
  #young = new Map<string, V>()
  #old = new Map<string, V>()
  readonly #make: (text: string) => V

  /** @param make what there is to know of a text that was not seen lately */
  constructor(make: (text: string) => V) {
    this.#make = make
  }

  get(text: string): V {
    const young = this.#young.get(text)
    if (young !== undefined) return young
    const value = this.#old.get(text) ?? this.#make(text)
    if (text.length <= LONGEST) this.#keep(text, value)
    return value
  }

  #keep(text: string, value: V): void {
    if (this.#young.size >= GENERATION) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(text, value)
  }
}
