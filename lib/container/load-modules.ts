import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import {
  createContainer,
  listModules,
  type AwilixContainer,
  type BuildResolverOptions,
  type ContainerOptions,
  type Resolver,
} from 'awilix'
import { adoptInlineOptions } from './inline-options.js'
import { resolverFor } from './resolvers.js'

type Load = AwilixContainer['loadModules']
export type ModuleGlobs = Parameters<Load>[0]
export type ModuleOptions = NonNullable<Parameters<Load>[1]>
type Registrations = AwilixContainer['registrations']

/**
 * Awilix finds, names and reads the modules, into a container of its own. What they export becomes a resolver as Mayfly's `asClass` and
 * `asFunction` make it, unless somebody says how (`register`, in these options or in those of a module).
 * @returns a promise with `esModules: true`
 */
export function loadModules(
  globs: ModuleGlobs,
  options: ModuleOptions,
  containerOptions: ContainerOptions,
): Registrations | Promise<Registrations> {
  const read = (load: (path: string) => unknown): Registrations =>
    createContainer({
      ...containerOptions,
      require: path => adopted(load(path)),
    }).loadModules(globs, {
      ...options,
      esModules: false,
      resolverOptions: {
        ...options.resolverOptions,
        register: options.resolverOptions?.register ?? resolverOfModule,
      },
    }).registrations
  if (options.esModules)
    return importAll(globs, options).then(modules => read(path => modules.get(path)))
  // Awilix's own `require` is missing where Awilix is loaded as an ES module. Paths of modules are absolute.
  return read(containerOptions.require ?? createRequire(`${process.cwd()}/`))
}

async function importAll(globs: ModuleGlobs, options: ModuleOptions): Promise<Map<string, object>> {
  const paths = listModules(globs, options).map(({ path }) => path)
  const modules = await Promise.all(
    paths.map(path => import(pathToFileURL(path).href) as Promise<object>),
  )
  return new Map(modules.map((module, i) => [paths[i]!, module]))
}

function adopted(module: unknown): unknown {
  adoptInlineOptions(module)
  if (typeof module === 'object' && module !== null)
    for (const value of Object.values(module)) adoptInlineOptions(value)
  return module
}

/** Awilix hands on all that is said of a module, this function as well. */
function resolverOfModule(target: Function, said: BuildResolverOptions<any>): Resolver<any> {
  const { register: _, ...options } = said
  return resolverFor(target, options)
}
