/** A scope, as a garbage collection meets it. */
interface Parent {
  /** Holds those children weakly that nobody works in. @returns those that live, and whether one of them asks again */
  weakenChildren(): { readonly live: readonly Parent[]; readonly areYoung: boolean }
}

/**
 * Parents hold their scopes weakly (S4), but a `WeakRef` and its place in a registry would cost each scope 0.8 us. Most scopes are disposed long before
 * the next garbage collection, so a parent holds a new one as it is, and each collection has those weakened that outlived it.
 */
export class Generations {
  readonly #root: Parent
  #waits = false

  constructor(root: Parent) {
    this.#root = root
  }

  /** A scope came that may be dropped. */
  begin(): void {
    if (this.#waits) return
    this.#waits = true
    // The token can be reached by nobody, so that the next collection takes it.
    collections.register({}, new WeakRef(this))
  }

  /** @internal A collection has come. */
  end(): void {
    this.#waits = false
    const parents: Parent[] = [this.#root]
    for (let parent = parents.pop(); parent; parent = parents.pop()) {
      const { live, areYoung } = parent.weakenChildren()
      // Spread over arguments, a hundred thousand overflow the stack.
      for (const scope of live) parents.push(scope)
      if (areYoung) this.begin()
    }
  }
}

const collections = new FinalizationRegistry<WeakRef<Generations>>(ref => ref.deref()?.end())
