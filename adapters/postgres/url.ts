import { readFileSync } from 'node:fs'
import { postgresTargetInvalid } from './errors.js'
import { isNumberOption, isOptionName, type PostgresOptions } from './options.js'

type Ssl = PostgresOptions['ssl']

/** What `sslmode` means here: encrypted and verified, but for `no-verify`, or not encrypted at all. */
const SSL_MODES: Readonly<Record<string, Ssl>> = {
  disable: false,
  'no-verify': { rejectUnauthorized: false },
  require: true,
  'verify-ca': true,
  'verify-full': true,
}

const SSL: Readonly<Record<string, Ssl>> = {
  '0': false,
  '1': true,
  false: false,
  true: true,
  'no-verify': { rejectUnauthorized: false },
}

/** Names of files, as libpq has them. */
const SSL_FILES = { sslrootcert: 'ca', sslcert: 'cert', sslkey: 'key' } as const

/**
 * The options that a URL stands for, as libpq and pg spell them.
 * @throws InvalidArgumentError for one that leads nowhere, or that would send in clear text what was
 * to be encrypted
 */
export function urlOptions(text: string): PostgresOptions {
  if (!URL.canParse(text)) throw postgresTargetInvalid('it is no URL')
  const url = new URL(text)
  if (url.protocol !== 'postgres:' && url.protocol !== 'postgresql:')
    throw postgresTargetInvalid(`it starts with ${url.protocol}//, not postgres://`)
  const query = new Map(url.searchParams)
  const host = decoded(url.hostname).replace(/^\[(.*)\]$/, '$1') || query.get('host')
  if (!host) throw postgresTargetInvalid('it has no host')
  if (url.pathname.length < 2) throw postgresTargetInvalid('it has no database')
  query.delete('host')
  const ssl = takeSsl(query)
  // A ? in a password that was not written as %3F makes a query of the rest, which no message may show.
  if (url.search.includes('@') && ![...query.keys()].every(isOptionName))
    throw postgresTargetInvalid('what comes after its ? is no list of options')
  return {
    ...otherOptions(query),
    ...(ssl !== undefined && { ssl }),
    host,
    ...(url.port && { port: Number(url.port) }),
    ...(url.username && { user: decoded(url.username) }),
    ...(url.password && { password: decoded(url.password) }),
    database: decoded(url.pathname.slice(1)),
  }
}

function takeSsl(query: Map<string, string>): Ssl {
  const mode = taken(query, 'sslmode')
  const flag = taken(query, 'ssl')
  const files = Object.entries(SSL_FILES).flatMap(([name, option]) => {
    const path = taken(query, name)
    return path === undefined ? [] : [[option, contents(name, path)]]
  })
  let ssl: Ssl
  if (mode !== undefined) {
    if (!Object.hasOwn(SSL_MODES, mode)) throw postgresTargetInvalid(unknownMode(mode))
    ssl = SSL_MODES[mode]
  } else if (flag !== undefined) {
    if (!Object.hasOwn(SSL, flag))
      throw postgresTargetInvalid('its ssl is neither true nor false nor no-verify')
    ssl = SSL[flag]
  }
  if (files.length === 0) return ssl
  if (ssl === false) throw postgresTargetInvalid('it has certificates, and its TLS is turned off')
  return { ...(typeof ssl === 'object' && ssl), ...Object.fromEntries(files) } as Ssl
}

function unknownMode(mode: string): string {
  return mode === 'prefer' || mode === 'allow'
    ? `its sslmode=${mode} goes on in clear text where the server has no TLS; say disable, require or verify-full`
    : `its sslmode is none of ${Object.keys(SSL_MODES).join(', ')}`
}

function otherOptions(query: ReadonlyMap<string, string>): PostgresOptions {
  const options = Array.from(query, ([name, value]): [string, unknown] => {
    // libpq's name, in seconds.
    if (name === 'connect_timeout') return ['connectionTimeoutMillis', Number(value) * 1000]
    if (isNumberOption(name)) return [name, Number(value)]
    return [name, value === 'true' ? true : value === 'false' ? false : value]
  })
  return Object.fromEntries(options)
}

function taken(query: Map<string, string>, name: string): string | undefined {
  const value = query.get(name)
  query.delete(name)
  return value
}

function contents(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw postgresTargetInvalid(`the file of its ${name} cannot be read`, error)
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw postgresTargetInvalid('it has a % that is not followed by two hexadecimal digits')
  }
}
