import { registerHooks } from 'node:module'
import { CompiledQuery } from 'kysely'

registerHooks({
  resolve(specifier, context, next) {
    // As Node says it where a package is not installed.
    return next(specifier === 'pg-cursor' ? 'a-package-that-nobody-has' : specifier, context)
  },
})
const { postgres } = await import('mayfly/postgres')

const driver = postgres(process.argv[2]!).createDriver()
const connection = await driver.acquireConnection()
const told: unknown[] = []
try {
  await connection.streamQuery(CompiledQuery.raw('select 1 as one'), 2).next()
} catch (error) {
  const { code, kind, message } = error as { code: string; kind: string; message: string }
  told.push({ code, kind, message })
}
told.push((await connection.executeQuery(CompiledQuery.raw('select 1 as one'))).rows)
await driver.releaseConnection(connection)
await driver.destroy()
console.log(JSON.stringify(told))
