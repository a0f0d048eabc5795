import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import type { PoolOptions } from 'mysql2'
import { mysqlTlsInvalid } from './errors.js'

type Ssl = PoolOptions['ssl']

/** How much of the server's certificate is looked at; `off` is clear text. */
type Mode = 'off' | 'encrypted' | 'authority' | 'identity'

const SSL: Readonly<Record<Mode, Ssl>> = {
  off: undefined,
  encrypted: { rejectUnauthorized: false },
  authority: { rejectUnauthorized: true },
  identity: { rejectUnauthorized: true, verifyIdentity: true },
}

const SAY = 'say ssl-mode=DISABLED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY'

/**
 * What common tools write, without the hyphens and capitals in which they differ: MySQL's own clients and libpq (`ssl-mode`, `sslmode`), MariaDB's
 * (`sslMode=trust`), Go (`tls`), Prisma (`sslaccept`), Java (`useSSL`). What may go on in clear text is in none of them.
 */
const MODES: Readonly<Record<string, Readonly<Record<string, Mode>>>> = {
  sslmode: {
    disabled: 'off',
    disable: 'off',
    required: 'encrypted',
    require: 'encrypted',
    trust: 'encrypted',
    verifyca: 'authority',
    verifyidentity: 'identity',
    verifyfull: 'identity',
  },
  tls: { true: 'identity', '1': 'identity', skipverify: 'encrypted', false: 'off', '0': 'off' },
  ssl: { true: 'identity', '1': 'identity', false: 'off', '0': 'off' },
  sslaccept: { strict: 'identity', acceptinvalidcerts: 'encrypted' },
  usessl: { false: 'off' },
}

/** Names of files, as MySQL's own clients have them. */
const FILES: Readonly<Record<string, 'ca' | 'cert' | 'key'>> = {
  'ssl-ca': 'ca',
  sslca: 'ca',
  sslrootcert: 'ca',
  'ssl-cert': 'cert',
  'ssl-key': 'key',
  sslkey: 'key',
}

/** Names that mean something else from tool to tool. */
const UNCLEAR = new Set(['sslcert', 'sslidentity', 'sslpassword', 'requiressl', 'tlsmode'])
const UNCLEAR_PREFIXES = [
  'verifyservercert',
  'trustcertificatekeystore',
  'clientcertificatekeystore',
]

/** The certificates that mysql2 has a name for. */
const PROFILE = 'Amazon RDS'

/** Whether a name in the query of a URL is about encryption. */
export function isTlsName(name: string): boolean {
  const plain = bare(name)
  return (
    Object.hasOwn(MODES, plain) ||
    fileOf(name) !== undefined ||
    UNCLEAR.has(plain) ||
    UNCLEAR_PREFIXES.some(prefix => plain.startsWith(prefix))
  )
}

/**
 * mysql2's option for what a URL says of encryption; `undefined` for clear text.
 * @throws InvalidArgumentError for what has no exact meaning, such as encryption only where the server has it
 */
export function sslOf(settings: readonly (readonly [string, string])[], host: string): Ssl {
  const files: { ca?: string; cert?: string; key?: string } = {}
  const modes = new Set<Mode>()
  const given: Ssl[] = []
  for (const [name, value] of settings) {
    const file = fileOf(name)
    if (file) files[file] = contents(name, value)
    else if (bare(name) === 'ssl' && (value === PROFILE || value.startsWith('{')))
      given.push(checkedSsl(value === PROFILE ? value : document(value), host))
    else modes.add(modeOf(name, value))
  }
  if (modes.size + given.length > 1)
    throw mysqlTlsInvalid(`says in two ways how it is encrypted`, SAY)
  if (given.length > 0) {
    if (Object.keys(files).length > 0)
      throw mysqlTlsInvalid('has ssl and certificates apart', 'put ca, cert and key into ssl')
    return given[0]
  }
  return withFiles(modes.values().next().value, files, host)
}

/**
 * mysql2's option for what a config says, which may be what others call `true`.
 * @throws InvalidArgumentError for what would be an error of the first connection
 */
export function checkedSsl(ssl: unknown, host: string): Ssl {
  if (ssl === undefined || ssl === null || ssl === false) return undefined
  if (ssl === true) return withFiles('identity', {}, host)
  if (ssl === PROFILE || (typeof ssl === 'object' && !Array.isArray(ssl))) return ssl
  throw mysqlTlsInvalid('has an ssl that is neither true nor false nor an object', SAY)
}

function withFiles(
  mode: Mode | undefined,
  files: { readonly ca?: string; readonly cert?: string; readonly key?: string },
  host: string,
): Ssl {
  const { ca, cert, key } = files
  if ((cert === undefined) !== (key === undefined))
    throw mysqlTlsInvalid('has one of ssl-cert and ssl-key', 'give both, or none')
  if (mode === undefined && ca === undefined && cert === undefined) return undefined
  // As MySQL's own clients have it: who names an authority wants it asked.
  const meant = mode ?? (ca === undefined ? undefined : 'authority')
  if (meant === undefined || (meant === 'off' && (ca ?? cert) !== undefined))
    throw mysqlTlsInvalid('has certificates, and does not say that it is encrypted', SAY)
  if (meant === 'encrypted' && ca !== undefined)
    throw mysqlTlsInvalid(
      'has an ssl-ca, and a mode that does not look at it',
      'say ssl-mode=VERIFY_CA or VERIFY_IDENTITY, or leave ssl-ca out',
    )
  if (meant === 'identity' && isIP(host))
    throw mysqlTlsInvalid(
      'has an address for its host, while the name in a certificate was to be checked',
      'connect by the name, or say ssl-mode=VERIFY_CA, or REQUIRED',
    )
  return meant === 'off' ? undefined : { ...(SSL[meant] as object), ...files }
}

function modeOf(name: string, value: string): Mode {
  const modes = Object.hasOwn(MODES, bare(name)) ? MODES[bare(name)]! : {}
  const word = bare(value)
  if (Object.hasOwn(modes, word)) return modes[word]!
  if (/^(?:prefer|allow)/.test(word) || bare(name) === 'usessl')
    throw mysqlTlsInvalid(`has a ${name} that may go on in clear text`, SAY)
  throw mysqlTlsInvalid(`has a ${name} that means nothing exact here`, SAY)
}

function fileOf(name: string): 'ca' | 'cert' | 'key' | undefined {
  const lower = name.toLowerCase().replaceAll('_', '-')
  return Object.hasOwn(FILES, lower) ? FILES[lower] : undefined
}

function contents(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw mysqlTlsInvalid(`names a file for ${name} that cannot be read`, 'correct its path', cause)
  }
}

function document(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw mysqlTlsInvalid('has an ssl that is no JSON', SAY)
  }
}

/** `VERIFY_CA`, `verify-ca` and `verifyCa` are one. */
function bare(word: string): string {
  return word.toLowerCase().replaceAll(/[-_]/g, '')
}
