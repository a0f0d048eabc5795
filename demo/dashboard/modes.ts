/** The ways in which `DashboardService` gets its data; each is the name of a method. */
export const modes = ['sequential', 'parallel', 'shared'] as const

export type Mode = (typeof modes)[number]

export function isMode(value: unknown): value is Mode {
  return (modes as readonly unknown[]).includes(value)
}
