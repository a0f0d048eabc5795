import { sql, type Generated } from 'kysely'
import { dateTime, DbContext, one } from 'mayfly'

export interface BlogDatabase {
  articles: {
    id: Generated<number>
    title: string
    deletedAt: Date | null
    changedBy: Generated<string>
    changedAt: Generated<Date>
  }
  messages: { id: Generated<number>; articleId: number; what: string }
}

export class BlogContext extends DbContext<BlogDatabase> {
  /** Whose changes they are: said by whoever opens a scope. */
  user = 'nobody'

  readonly articles = this.set('articles', {
    key: 'id',
    columns: { deletedAt: dateTime(), changedAt: dateTime() },
    filter: query => query.where('deletedAt', 'is', null),
  })
  readonly messages = this.set('messages', {
    key: 'id',
    relations: { article: one('articles', 'articleId') },
  })
}

export async function createTables({ kysely }: BlogContext): Promise<void> {
  await sql`create table articles (id integer primary key, title text not null, deletedAt text, changedBy text not null, changedAt text not null)`.execute(
    kysely,
  )
  await sql`create table messages (id integer primary key, articleId integer not null references articles (id), what text not null)`.execute(
    kysely,
  )
}
