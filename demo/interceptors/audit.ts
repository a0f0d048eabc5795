import type { Interceptor } from 'mayfly'
import type { BlogContext } from './blog-context.js'

/** Says who has changed an article, and when. */
export const audit: Interceptor<BlogContext> = {
  saving({ context, entries }) {
    for (const { state, table, entity } of entries) {
      if (table !== 'articles' || state === 'deleted') continue
      Object.assign(entity, { changedBy: context.user, changedAt: new Date() })
    }
  },
}
