/** What to do about TLS, where the kind of an error does not say it; messages of Mayfly, each a sentence without its end. */
const ADVICE: readonly (readonly [words: RegExp, advice: string])[] = [
  [
    /self-signed|self signed|unable to (?:verify|get)/,
    'The server was reached, but nobody that is trusted here has signed its certificate; give the certificate of whoever did (sslrootcert=FILE ' +
      'in the URL, or ssl: { ca }), or say sslmode=no-verify, which encrypts without a look at it',
  ],
  [
    /certificate (?:has expired|is not yet valid)/,
    'The server was reached, but its certificate has expired, or is not valid yet; renew it there',
  ],
  [
    /does not match certificate/,
    'The server was reached, but its certificate is for another name; connect by the name that it is for',
  ],
  [
    /^The server does not support SSL connections/,
    'The server was reached, but has no TLS, which was asked for, and nothing was sent in clear text; turn it on there, or say sslmode=disable',
  ],
  [
    /no pg_hba\.conf entry .* no encryption/,
    'The server was reached, but takes encrypted connections only; say sslmode=verify-full in the URL',
  ],
]

/** For a statement in a transaction in which another one had failed, 25P02; the server does not say which. */
export const TRANSACTION_FAILED_BEFORE =
  'An earlier statement of this transaction had failed, and after that PostgreSQL does nothing more in it; let the error of that one end the ' +
  'work, or put what may fail into a transaction() of its own, which is a savepoint'

/** pg's words for it speak of strings. */
export const PASSWORD_MISSING =
  'The server asked for a password, and was given none, or one that is no text; write it in the URL, or as password in the options'

/** What went wrong with TLS while a connection was opened; `undefined` where it was something else. */
export function tlsAdvice(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  return ADVICE.find(([words]) => words.test(error.message))?.[1]
}
