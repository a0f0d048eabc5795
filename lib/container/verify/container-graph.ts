import type { LifetimeType } from 'awilix'

/** One registration. */
export interface GraphNode {
  /** A symbol is shown as `Symbol(its description)`. */
  readonly name: string
  readonly lifetime: LifetimeType
  readonly kind: 'class' | 'function' | 'context' | 'factory' | 'value' | 'alias' | 'other'
  /** Why its dependencies are not all known; `undefined` where they are. */
  readonly unreadable: string | undefined
}

/** One registration that asks for another. */
export interface GraphEdge {
  readonly from: string
  readonly to: string
  readonly optional: boolean
  /**
   * `asks`: when it is built, of the cradle that it is built with; `dialect`: the function that makes the dialect of a context asks, once, of the
   * container; `makes`: a factory makes such contexts, later, and they ask the cradle that the factory came from.
   */
  readonly kind: 'asks' | 'dialect' | 'makes'
}

/** What is registered, and what asks for what. */
export interface ContainerGraph {
  readonly nodes: readonly GraphNode[]
  readonly edges: readonly GraphEdge[]
  /** The same as Mermaid text, lifetimes as colours. */
  readonly mermaid: string
}
