import type { Interceptor } from 'mayfly'
import type { BlogContext } from './blog-context.js'

/** Marks articles in place of deleting them; the filter of their set hides what is marked. */
export const softDelete: Interceptor<BlogContext> = {
  saving({ entries }) {
    for (const entry of entries) {
      if (entry.state !== 'deleted' || entry.table !== 'articles') continue
      entry.keep()
      entry.entity.deletedAt = new Date()
    }
  },
}
