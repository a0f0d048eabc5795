import type { DbContextFactory, Interceptor } from 'mayfly'
import type { BlogContext } from './blog-context.js'

/**
 * A message is stored with what it is about, in the same save: either both are there or none. It is sent when that is certain, by a context of its own,
 * and as often as it takes.
 * @param wake tells whoever sends that there is something
 */
export function outbox(wake: () => void): Interceptor<BlogContext> {
  return {
    saving({ context, entries }) {
      for (const { state, table, entity } of entries)
        if (table === 'articles' && state === 'added')
          context.messages.add({ article: entity, what: `published: ${entity.title}` })
    },
    committed: wake,
  }
}

/** Sends what is stored, and forgets it when it was sent. */
export async function sendAll(
  factory: DbContextFactory<BlogContext>,
  send: (what: string) => void | Promise<void>,
): Promise<void> {
  await factory.use(async db => {
    for (const message of await db.messages.orderBy('id').toList()) {
      await send(message.what)
      db.messages.remove(message)
      await db.saveChanges()
    }
  })
}
