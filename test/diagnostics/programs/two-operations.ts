// Run by test/diagnostics/bundles.test.ts: as it is, and out of bundles.
import { ConcurrentOperationError, createContainer, DbContext, runInScope } from 'mayfly'
import type { Dialect } from 'kysely'
import { FaultDatabase } from '../../support/fault-dialect.js'

class RowsContext extends DbContext<{ rows: { key: number } }> {
  readonly rows = this.set('rows', { key: 'key' })
}

async function twice({ dialect }: { dialect: Dialect }) {
  const container = createContainer().addDbContext('rows', RowsContext, { dialect })
  await runInScope(container, { name: 'twice' }, async ({ cradle: { rows: db } }) => {
    const first = db.rows.toList()
    await db.rows.toList().catch((error: unknown) => {
      const { name, running, refused } = error as ConcurrentOperationError
      const isOurs = error instanceof ConcurrentOperationError
      console.log(JSON.stringify([name, isOurs, running.line, refused.line]))
    })
    await first
  })
  await container.dispose()
}

void twice(new FaultDatabase())
