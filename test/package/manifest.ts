import { readFileSync } from 'node:fs'
import { checkPackage, createPackageFromTarballData, type Problem } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'

/** Whether the manifest says what is in the package. @throws with errors, warnings and suggestions */
export async function checkManifest(tarball: string): Promise<void> {
  const { buffer, byteOffset, byteLength } = readFileSync(tarball)
  const data = buffer.slice(byteOffset, byteOffset + byteLength)
  const { messages, pkg } = await publint({ pack: { tarball: data } })
  if (messages.length > 0)
    throw new Error(
      messages.map(message => `${message.type}: ${formatMessage(message, pkg)}`).join('\n'),
    )
}

/**
 * Whether every entry point has the types that belong to its code, for importers that are ES modules in Node, and for bundlers.
 * CommonJS and the resolution of TypeScript before 4.7 are not promised.
 * @returns the entry points
 * @throws with the problems
 */
export async function checkEntryPoints(tarball: string): Promise<string> {
  const result = await checkPackage(createPackageFromTarballData(readFileSync(tarball)))
  if (!result.types) throw new Error('The package has no types.')
  const problems = result.problems.filter(isPromised)
  if (problems.length > 0)
    throw new Error(problems.map(problem => JSON.stringify(problem)).join('\n'))
  return Object.keys(result.entrypoints).join(' ')
}

function isPromised(problem: Problem): boolean {
  if (!('resolutionKind' in problem)) return true
  return problem.resolutionKind !== 'node10' && problem.resolutionKind !== 'node16-cjs'
}
