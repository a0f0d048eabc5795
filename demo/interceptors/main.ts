import { createContainer } from 'mayfly'
import { sqlite } from 'mayfly/sqlite'
import { audit } from './audit.js'
import { BlogContext, createTables } from './blog-context.js'
import { outbox, sendAll } from './outbox.js'
import { softDelete } from './soft-delete.js'

let isAwake = false

await using container = createContainer().addDbContextFactory('blog', BlogContext, {
  dialect: sqlite(':memory:'),
  interceptors: [softDelete, audit, outbox(() => (isAwake = true))],
})
const { blogFactory } = container.cradle
await blogFactory.use(createTables)

{
  await using scope = container.createScope()
  const { blog } = scope.cradle
  blog.user = 'Ada'
  const [first, second] = blog.articles.addRange(
    ['Of scopes', 'Of leases'].map(title => ({ title, deletedAt: null })),
  )
  await blog.saveChanges()
  console.log(`stored: ${first!.title}, ${second!.title}; by ${first!.changedBy}`)

  blog.user = 'Grace'
  blog.articles.remove(first!)
  await blog.saveChanges()
  console.log(`shown: ${(await blog.articles.toList()).map(({ title }) => title).join()}`)
  const all = await blog.articles.ignoreFilters().orderBy('id').toList()
  for (const { title, changedBy, deletedAt } of all)
    console.log(`kept: ${title}, last changed by ${changedBy}${deletedAt ? ', deleted' : ''}`)

  try {
    await blog.transaction(async () => {
      blog.articles.add({ title: 'Never', deletedAt: null })
      await blog.saveChanges()
      throw new Error('The work of a transaction has failed.')
    })
  } catch (error) {
    console.log((error as Error).message)
  }
}

if (isAwake) await sendAll(blogFactory, what => console.log(`sent: ${what}`))
