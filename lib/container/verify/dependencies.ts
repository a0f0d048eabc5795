import { InjectionMode, type InjectionModeType } from 'awilix'
import { parseExpressionAt, type AnyNode, type Function as FunctionNode, type Pattern } from 'acorn'

/** What a class or function asks for, read from its source without running it. */
export interface Dependencies {
  readonly names: readonly string[]
  /** Of these, what may be missing. */
  readonly optional: readonly string[]
  /** Why not all of it could be read; `undefined` where `names` is complete. */
  readonly unreadable: string | undefined
}

const NOTHING: Dependencies = { names: [], optional: [], unreadable: undefined }
const SOURCELESS: Dependencies = { ...NOTHING, unreadable: 'its source cannot be read' }

/** Reads the parameters of a target: of its constructor, or of the first base class that has one. */
export function readDependencies(target: Function, mode: InjectionModeType): Dependencies {
  const parameters = findParameters(target, undefined)
  if (!parameters) return SOURCELESS
  return mode === InjectionMode.CLASSIC ? readNames(parameters) : readPattern(parameters, 0)
}

/**
 * Reads what a function takes of the cradle that is one of its parameters.
 * @param until the base class whose constructor hands the cradle to nobody
 */
export function readParameter(
  target: Function,
  position: number,
  until: Function | undefined,
): Dependencies {
  const parameters = findParameters(target, until)
  return parameters ? readPattern(parameters, position) : SOURCELESS
}

/** Whether it takes the cradle by a name of its own, as if it were one of the things in it. */
export function namesItsCradle(target: Function): boolean {
  return findParameters(target, undefined)?.[0]?.type === 'Identifier'
}

function findParameters(
  target: Function,
  until: Function | undefined,
): readonly Pattern[] | undefined {
  let step: unknown = target
  while (typeof step === 'function' && step !== Function.prototype && step !== until) {
    const parsed = parse(step)
    if (!parsed) return undefined
    const parameters = parametersOf(parsed)
    if (parameters) return parameters
    step = Object.getPrototypeOf(step)
  }
  return []
}

/** A method in short form is only an expression inside an object. */
function parse(target: Function): AnyNode | undefined {
  const source = Function.prototype.toString.call(target)
  for (const text of [`(${source})`, `({${source}})`]) {
    try {
      return parseExpressionAt(text, 0, { ecmaVersion: 'latest' })
    } catch {
      // Perhaps the other form.
    }
  }
  return undefined
}

/** `undefined` for a class without a constructor of its own. */
function parametersOf(node: AnyNode): readonly Pattern[] | undefined {
  if (node.type === 'ParenthesizedExpression') return parametersOf(node.expression)
  if (node.type === 'ObjectExpression') {
    const [property] = node.properties
    return property?.type === 'Property' ? (property.value as FunctionNode).params : []
  }
  if (node.type !== 'ClassExpression') return (node as FunctionNode).params
  for (const member of node.body.body) {
    if (member.type === 'MethodDefinition' && member.kind === 'constructor')
      return member.value.params
  }
  return undefined
}

/** PROXY: one parameter is the cradle, and what is destructured from it is asked for. */
function readPattern(parameters: readonly Pattern[], position: number): Dependencies {
  const given = parameters[position]
  if (parameters.slice(0, position + 1).some(({ type }) => type === 'RestElement'))
    return { ...NOTHING, unreadable: 'it takes its parameters as a whole' }
  if (!given) return NOTHING
  const cradle = given.type === 'AssignmentPattern' ? given.left : given
  if (cradle.type !== 'ObjectPattern') {
    const isPositional =
      position === 0 && parameters[1] && parameters[1].type !== 'AssignmentPattern'
    const as = isPositional ? 'the first of several parameters (is it for CLASSIC?)' : 'a whole'
    return { ...NOTHING, unreadable: `it takes the cradle as ${as}` }
  }
  const names = new Set<string>()
  let unreadable: string | undefined
  for (const property of cradle.properties) {
    if (property.type === 'RestElement') unreadable = 'it takes the rest of the cradle'
    else if (property.computed && property.key.type !== 'Literal')
      unreadable = 'it takes a computed name'
    else names.add(nameOf(property.key))
  }
  return { names: [...names], optional: [], unreadable }
}

function nameOf(key: AnyNode): string {
  return key.type === 'Identifier' ? key.name : String((key as { value?: unknown }).value)
}

/** CLASSIC: each parameter's name is asked for; one with a default may be missing. */
function readNames(parameters: readonly Pattern[]): Dependencies {
  const names: string[] = []
  const optional: string[] = []
  let unreadable: string | undefined
  for (const parameter of parameters) {
    const plain = parameter.type === 'AssignmentPattern' ? parameter.left : parameter
    if (plain.type !== 'Identifier') {
      unreadable = 'it has a parameter without a name'
      continue
    }
    names.push(plain.name)
    if (parameter.type === 'AssignmentPattern') optional.push(plain.name)
  }
  return { names, optional, unreadable }
}
