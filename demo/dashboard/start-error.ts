/** Something that the person who started the program can put right; shown without a stack. */
export class StartError extends Error {}
