import type { MayflyDialect, MayflyDriver } from 'mayfly'

/** The same dialect, with a driver that does some things in another way. */
export function withDriver(
  { dialect }: { readonly dialect: MayflyDialect },
  change: (driver: MayflyDriver) => void,
): MayflyDialect {
  return {
    ...dialect,
    createDriver() {
      const driver = dialect.createDriver()
      change(driver)
      return driver
    },
  }
}
