/** The calls that register. */
export type Call =
  'addDbContext' | 'addDbContextPool' | 'addDbContextFactory' | 'addPooledDbContextFactory'

/** What a name gives: a context, or a factory of contexts. */
export type Part = 'context' | 'factory'

/** What a call says, beside the class and the options that any of them may say. */
export interface CallMeaning {
  readonly gives: Part
  readonly isPooled: boolean
  /** The call that says the same thing in another way: one name is resolved in one way, and has one factory. */
  readonly rival: Call
  /** The option that belongs to it and its like. */
  readonly ownOption: 'lifetime' | 'poolSize' | undefined
}

export const CALLS: Readonly<Record<Call, CallMeaning>> = {
  addDbContext: {
    gives: 'context',
    isPooled: false,
    rival: 'addDbContextPool',
    ownOption: 'lifetime',
  },
  addDbContextPool: {
    gives: 'context',
    isPooled: true,
    rival: 'addDbContext',
    ownOption: 'poolSize',
  },
  addDbContextFactory: {
    gives: 'factory',
    isPooled: false,
    rival: 'addPooledDbContextFactory',
    ownOption: undefined,
  },
  addPooledDbContextFactory: {
    gives: 'factory',
    isPooled: true,
    rival: 'addDbContextFactory',
    ownOption: 'poolSize',
  },
}

/** The calls that an option belongs to. */
export function ownersOf(option: string): Call[] {
  return (Object.keys(CALLS) as Call[]).filter(call => CALLS[call].ownOption === option)
}
