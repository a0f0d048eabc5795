interface Server {
  url(): Promise<string>
}

const expected = new Set<Server>()

/** Has a server started before the first test, because a suite of this run is about it: the time of a hook is no place for it. */
export function expectServer(server: Server): void {
  expected.add(server)
}

/** Starts them side by side. */
export async function startExpectedServers(): Promise<void> {
  await Promise.all(Array.from(expected, server => server.url()))
}
