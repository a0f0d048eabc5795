import { expect } from 'chai'
import { Kysely } from 'kysely'
import { DbContext } from 'mayfly'
import { databases, type EmptyDatabase } from '../../support/databases.js'
import { waysTo } from './peers.js'
import { queries, righter } from './queries.js'
import { fillShop, flavours, type PeopleDatabase } from './schema.js'

class PeopleContext extends DbContext<PeopleDatabase> {}

for (const kind of databases)
  for (const [way, peersOf] of Object.entries(waysTo(kind)))
    describe(`queries as people write them, on ${kind.name}: ${way}`, () => {
      const flavour = flavours[kind.family]
      let empty: EmptyDatabase
      let peer: Kysely<PeopleDatabase>
      let db: PeopleContext

      before(async () => {
        empty = await kind.create('people')
        const peers = peersOf(empty.url)
        peer = new Kysely({ dialect: peers.kysely })
        await fillShop(peer, flavour)
        db = new PeopleContext({ dialect: peers.mayfly })
      })

      after(async () => {
        await db.dispose()
        await peer.destroy()
        await empty.drop()
      })

      for (const [title, run] of Object.entries(queries))
        it(`U12: ${title}: as Kysely's own dialect, three times`, async () => {
          const wanted = righter[title]?.[kind.family] ?? (await run(peer, flavour))
          for (const time of ['first', 'second', 'third'])
            expect(await run(db.kysely, flavour), `the ${time} time`).to.deep.equal(wanted)
        })
    })
