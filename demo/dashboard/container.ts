import type { Dialect } from 'kysely'
import { asClass, asFunction, createContainer, type DbContextFactory } from 'mayfly'
import { ConnectionWatch } from './connection-watch.js'
import { DashboardService } from './dashboard-service.js'
import { databaseName } from './database-name.js'
import { ShopContext } from './shop-context.js'
import { Stopwatch } from './stopwatch.js'

/** What services are built from: `shop`, one context per scope, and `shopFactory`, for more than one. */
export type Cradle = ReturnType<typeof registerData>['cradle']
export type ShopContainer = ReturnType<typeof createShopContainer>

export function createShopContainer(dialect: Dialect) {
  return registerData(dialect).register({
    dashboard: asClass(DashboardService).scoped(),
    databaseName: asFunction(nameOf).singleton(),
  })
}

/** Asks once. */
function nameOf({ shopFactory }: { shopFactory: DbContextFactory<ShopContext> }): Promise<string> {
  return shopFactory.use(databaseName)
}

function registerData(dialect: Dialect) {
  return createContainer()
    .addDbContext('shop', ShopContext, { dialect })
    .addDbContextFactory('shop')
    .register({
      connectionWatch: asClass(ConnectionWatch).singleton(),
      stopwatch: asClass(Stopwatch).scoped(),
    })
}
