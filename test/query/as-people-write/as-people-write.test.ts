import { expect } from 'chai'
import { DbContext } from 'mayfly'
import { mysqlSkipped } from '../../support/mysql-server.js'
import { mysqlPeers, sqlitePeers, type Peers } from './peers.js'
import { queries, righter } from './queries.js'
import { fillShop, type PeopleDatabase } from './schema.js'

class PeopleContext extends DbContext<PeopleDatabase> {}

const kinds: Record<string, () => Promise<Peers>> = {
  SQLite: sqlitePeers,
  ...(mysqlSkipped
    ? {}
    : {
        'MySQL, a pool of our own': () => mysqlPeers('own pool'),
        "MySQL, a caller's pool": () => mysqlPeers("caller's pool"),
      }),
}

for (const [name, open] of Object.entries(kinds))
  describe(`queries as people write them, on ${name}`, () => {
    let peers: Peers
    let db: PeopleContext

    before(async () => {
      peers = await open()
      await fillShop(peers.peer, peers.flavour)
      db = new PeopleContext({ dialect: peers.dialect })
    })

    after(async () => {
      await db.dispose()
      await peers.close()
    })

    for (const [title, run] of Object.entries(queries))
      it(`U12: ${title}: as Kysely's own dialect, three times`, async () => {
        const right = righter[title]?.[peers.flavour.family]
        const wanted = right ?? (await run(peers.peer, peers.flavour))
        for (const time of ['first', 'second', 'third'])
          expect(await run(db.kysely, peers.flavour), `the ${time} time`).to.deep.equal(wanted)
      })
  })
