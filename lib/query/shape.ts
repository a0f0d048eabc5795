import type { CompiledQuery } from 'kysely'

/** How many words the shapes of one data source may have. Then all are forgotten, and the next ones are learned. */
export const MOST_WORDS = 5000

/** A statement with an empty place for each value. */
export interface Template {
  readonly compiled: CompiledQuery<any>
  /** Which of the plan's values is which parameter; `undefined` where they are in order. */
  readonly order: readonly number[] | undefined
}

/** How many words were learned since all were forgotten last, and how often that was. */
interface Memory {
  words: number
  age: number
}

/**
 * What plans have in common whose statements have the same text: the words of each step, without its value. Shapes are a tree, whose branches
 * are words. A query that somebody keeps holds a branch of it, so a branch forgets for itself, when it is used next.
 */
export class Shape {
  template: Template | undefined
  readonly #memory: Memory
  readonly #next = new Map<string, Shape>()
  #age: number

  private constructor(memory: Memory) {
    this.#memory = memory
    this.#age = memory.age
  }

  /** A tree without branches. Those with the same `memory` are bounded together. */
  static root(memory: Memory): Shape {
    return new Shape(memory)
  }

  get(words: readonly string[]): Shape | undefined {
    let shape: Shape | undefined = this
    for (let i = 0; shape && i < words.length; i++) shape = shape.#branch(words[i]!)
    return shape
  }

  add(words: readonly string[]): Shape {
    let shape: Shape = this
    for (const word of words) shape = shape.#branch(word) ?? shape.#grow(word)
    return shape
  }

  #branch(word: string): Shape | undefined {
    if (this.#age !== this.#memory.age) {
      this.#next.clear()
      this.#age = this.#memory.age
    }
    return this.#next.get(word)
  }

  #grow(word: string): Shape {
    const memory = this.#memory
    if (++memory.words > MOST_WORDS) {
      memory.words = 0
      memory.age++
    }
    const next = new Shape(memory)
    this.#next.set(word, next)
    return next
  }
}
