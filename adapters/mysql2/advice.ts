/** What to do about errors of mysql2 whose kind does not say it; messages of Mayfly, each a sentence without its end. */

const CERTIFICATES: readonly (readonly [RegExp, string])[] = [
  [
    /self-signed|self signed|unable to (?:verify|get)/,
    'The server was reached, but nobody that is trusted here has signed its certificate; give the certificate of whoever did (ssl-ca=FILE in the ' +
      'URL, or ssl: { ca }), or say ssl-mode=REQUIRED, which encrypts without a look at it',
  ],
  [
    /expired|not yet valid/,
    'The server was reached, but its certificate has expired, or is not valid yet; renew it there',
  ],
  [
    /does not match/,
    'The server was reached, but its certificate is for another name; connect by the name that it is for, or say ssl-mode=VERIFY_CA, which does ' +
      'not look at the name',
  ],
]

/** What went wrong with TLS while a connection was opened; `undefined` where it was something else. */
export function tlsAdvice(error: Error & { readonly code?: string }): string | undefined {
  if (error.code === 'HANDSHAKE_NO_SSL_SUPPORT')
    return 'The server was reached, but has no TLS, which was asked for, and nothing was sent in clear text; turn it on there, or say ssl-mode=DISABLED'
  if (error.code === 'HANDSHAKE_SSL_ERROR') {
    const known = CERTIFICATES.find(([words]) => words.test(error.message))
    return known?.[1] ?? 'The server was reached, but could not agree on TLS with it; see the cause'
  }
  return /insecure transport/.test(error.message)
    ? 'The server was reached, but takes encrypted connections only; say ssl-mode=REQUIRED, or VERIFY_IDENTITY, in the URL'
    : undefined
}

/** What went wrong with a row that was read. */
export function rowAdvice(error: Error): string | undefined {
  return error.message.startsWith('The field name (__')
    ? 'A column of the result has a name that no row can have (such as __proto__), and its connection was closed; give it another one: select ... as name'
    : undefined
}
