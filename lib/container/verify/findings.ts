import type { Finding } from '../../errors.js'
import type { GraphEdge, GraphNode } from './container-graph.js'

/** Longer chains are cut in the middle: nobody reads a thousand names. */
const LONGEST_CHAIN = 12
const SHOWN_AT_END = 5

/** @param madeBy the factory that makes the context which asks */
export function unknownName(
  { from, to, kind }: GraphEdge,
  asker: GraphNode,
  madeBy: string | undefined,
): Finding {
  const asks =
    kind === 'dialect'
      ? `The function that makes the dialect of ${from} asks for`
      : asker.kind === 'alias'
        ? `${from} is an alias of`
        : `${from}${madeBy === undefined ? '' : `, also when ${madeBy} makes it,`} asks for`
  const advice =
    kind === 'dialect'
      ? 'Register it on the container, or correct its name'
      : 'Register it, correct its name, or name it in scopeValues'
  return { kind: 'unknown', text: `${asks} "${to}", which is not registered. ${advice}.` }
}

export function cycle(names: readonly string[]): Finding {
  return {
    kind: 'cycle',
    text: `${arrows(names)} is a cycle. Split one of them, or have it ask a factory later.`,
  }
}

/** @param viaFactory the factory whose contexts ask, if it is one */
export function captive(chain: readonly string[], viaFactory: string | undefined): Finding {
  const [keeper] = chain
  const why =
    viaFactory === undefined
      ? `${keeper!} would keep it longer than its scope. Make it scoped, or for a context inject the factory.`
      : `contexts that ${viaFactory} makes for ${keeper!} ask the container, and this is only in scopes. ` +
        `Set what they need after they are made, or make ${keeper!} scoped.`
  return { kind: 'captive', text: `${arrows(chain)}: ${why}` }
}

export function dialectOfScope(chain: readonly string[]): Finding {
  return {
    kind: 'captive',
    text:
      `${arrows(chain)}: the function that makes a dialect is called once, with the container's cradle, and cannot ask for what only ` +
      'scopes have. For a dialect per tenant use dialectPerKey().',
  }
}

export function sharedTransient(name: string, users: readonly string[]): Finding {
  return {
    kind: 'transient',
    text:
      `${users.join(' and ')} would each get a "${name}" of their own in one scope, because it is transient: they share ` +
      'neither changes nor a transaction. Make it scoped, inject the factory, or name it in transientContexts if that is what you want.',
  }
}

export function staleTransient(name: string, node: GraphNode | undefined): Finding {
  const isTransient = node?.kind === 'context' && node.lifetime === 'TRANSIENT'
  const what = node ? 'is no transient context' : 'is not registered'
  return {
    kind: 'stale',
    text: `transientContexts names "${name}", which ${isTransient ? 'no two services of a scope ask for' : what}. Take it off the list.`,
  }
}

/** `orderService (transient)`, as chains show it. */
export function describe(name: string, node: GraphNode | undefined): string {
  if (!node) return `${name} (of a scope)`
  const is =
    node.kind === 'alias' || node.kind === 'factory' ? node.kind : node.lifetime.toLowerCase()
  return `${name} (${is})`
}

function arrows(chain: readonly string[]): string {
  if (chain.length <= LONGEST_CHAIN) return chain.join(' -> ')
  const end = chain.slice(-SHOWN_AT_END)
  const start = chain.slice(0, LONGEST_CHAIN - SHOWN_AT_END - 1)
  const left = chain.length - start.length - end.length
  return [...start, `(${left} more)`, ...end].join(' -> ')
}
