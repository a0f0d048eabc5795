import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { RawClient } from './client.js'
import type { Running } from './wire.js'

/** How long the server may take for a request (ms). */
const ANSWER_TIMEOUT = 2_000

const CANCEL_CODE = 80877102
const SSL_CODE = 80877103

/**
 * Asks the server of a connection to cancel what runs on it, as the protocol has it: over another
 * socket, which needs no place among the server's connections. Resolves when the server has closed
 * that, so that the request hits nothing that is sent later.
 * @returns whether the server was reached
 */
export async function sendCancel(raw: RawClient, running: Running): Promise<boolean> {
  if (raw.processID === null || raw.secretKey === null) return false
  try {
    const socket = await open(raw)
    // In the tick in which it is sent: what has ended meanwhile is not followed by a cancel.
    if (running.runs) socket.write(requestOf(raw.processID, raw.secretKey))
    else socket.destroy()
    return await closed(socket)
  } catch {
    return false
  }
}

function requestOf(processId: number, secretKey: number): Buffer {
  const request = Buffer.alloc(16)
  request.writeInt32BE(16, 0)
  request.writeInt32BE(CANCEL_CODE, 4)
  request.writeInt32BE(processId, 8)
  request.writeInt32BE(secretKey, 12)
  return request
}

/** To the same address: behind a name there may be several servers. */
async function open(raw: RawClient): Promise<Socket> {
  const { stream, ssl, sslNegotiation } = raw.connection
  const { remoteAddress: host, remotePort: port } = stream
  const isLocal = raw.host.startsWith('/')
  if (!isLocal && (host === undefined || port === undefined)) throw new Error('It has no address.')
  const socket = isLocal ? connect(`${raw.host}/.s.PGSQL.${raw.port}`) : connect(port!, host)
  socket.setTimeout(ANSWER_TIMEOUT, () => socket.destroy())
  await happens(socket, 'connect')
  if (!ssl) return socket
  if (sslNegotiation !== 'direct') await askForTls(socket)
  return secured(socket, raw.host, ssl, sslNegotiation === 'direct')
}

async function askForTls(socket: Socket): Promise<void> {
  const request = Buffer.alloc(8)
  request.writeInt32BE(8, 0)
  request.writeInt32BE(SSL_CODE, 4)
  socket.write(request)
  const answer = await happens<Buffer>(socket, 'data')
  if (answer.toString('latin1') !== 'S') throw new Error('The server does not take TLS.')
}

async function secured(
  socket: Socket,
  host: string,
  ssl: boolean | object,
  isDirect: boolean,
): Promise<Socket> {
  const secure = connectTls({
    socket,
    host,
    ...(isIP(host) === 0 && { servername: host }),
    ...(isDirect && { ALPNProtocols: ['postgresql'] }),
    ...(typeof ssl === 'object' && ssl),
  })
  await happens(secure, 'secureConnect')
  return secure
}

/** Rejects where the socket ends before. */
function happens<T>(socket: Socket, event: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const fail = (error?: unknown): void =>
      reject(error instanceof Error ? error : new Error('The socket was closed.'))
    socket.once(event, value => {
      socket.off('close', fail)
      resolve(value as T)
    })
    socket.once('close', fail)
    // Without a listener it would end the process; the close follows.
    socket.on('error', fail)
  })
}

function closed(socket: Socket): Promise<boolean> {
  return new Promise(resolve => {
    if (socket.closed) return resolve(true)
    socket.resume()
    socket.once('close', () => resolve(true))
  })
}
