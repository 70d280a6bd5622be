import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { HyperMeshError, toErrorBody } from '@hypermesh/contract'
import { environmentName } from './config-text.ts'
import { hasBody, incomingRequest } from './incoming-request.ts'
import type { Logger } from './logger.ts'
import { RequestEnding } from './request-ending.ts'
import { skipRest } from './unread-body.ts'
import { writeResponse } from './write-response.ts'

/** What the network knows of a request beside the request itself. */
export interface Connection {
  /** Of the socket, never of a header. */
  readonly remoteAddress: string
  /** Aborts with an error of the contract when the client goes away or the server must stop. */
  readonly signal: AbortSignal
  /** What that signal is of, for who may end the request too; absent where it is another's. */
  readonly ending?: RequestEnding
}

export interface ListenOptions {
  readonly host: string
  /** 0: the system chooses; see `url`. */
  readonly port: number
  /** The table of lakehouse.toml that says so, for messages. By default that of the gateway. */
  readonly table?: string
  readonly onRequest: (request: Request, connection: Connection) => Promise<Response>
  readonly logger: Logger
  readonly connectionsMax: number
  readonly headersTimeoutMs: number
  readonly keepAliveMs: number
  /** How long open requests may take to end at a stop. */
  readonly shutdownMs: number
}

export interface Listener {
  readonly url: string
  readonly port: number
  /** Stops accepting, lets open requests end within `shutdownMs`, then cuts them. */
  stop(): Promise<void>
}

type OpenRequests = Map<ServerResponse, RequestEnding>

/** Listens on HTTP. A port in use is an error that names the setting, never the next free port. */
export async function listen(options: ListenOptions): Promise<Listener> {
  const open: OpenRequests = new Map()
  const sockets = new Set<Socket>()
  const state = { stopping: false }
  const server = createServer(
    {
      headersTimeout: options.headersTimeoutMs,
      // Uploads may take long; the deadline of each request bounds it instead.
      requestTimeout: 0,
      keepAliveTimeout: options.keepAliveMs,
      // Half-sent headers are looked for this often.
      connectionsCheckingInterval: Math.min(5_000, options.headersTimeoutMs),
    },
    (incoming, outgoing) => {
      serve(incoming, outgoing).catch((error) => sendFault(error, outgoing, options.logger))
    },
  )
  server.maxConnections = options.connectionsMax
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const ending = new RequestEnding()
    open.set(outgoing, ending)
    outgoing.once('close', () => {
      open.delete(outgoing)
      if (!outgoing.writableFinished) {
        ending.abort(new HyperMeshError('cancelled', 'the client went away'))
      } else if (hasBody(incoming)) {
        skipRest(incoming)
      }
      // A connection that had promised to stay open before the stop is idle from here.
      if (state.stopping) setImmediate(() => closeIdle(sockets, open))
    })
    const remoteAddress = incoming.socket.remoteAddress ?? ''
    const request = incomingRequest(incoming)
    const response = await options.onRequest(request, new OpenConnection(remoteAddress, ending))
    if (state.stopping) response.headers.set('connection', 'close')
    else keepAliveOrClose(incoming, response)
    await writeResponse(response, outgoing)
  }

  await bind(server, options)
  const { port } = server.address() as AddressInfo
  let stopped: Promise<void> | undefined
  return {
    port,
    url: `http://${urlHost(options.host)}:${port}`,
    stop: () => {
      stopped ??= stop()
      return stopped
    },
  }

  async function stop(): Promise<void> {
    state.stopping = true
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    closeIdle(sockets, open)
    const late = setTimeout(() => cut(server, open, options.logger), options.shutdownMs)
    await closed
    clearTimeout(late)
  }
}

class OpenConnection implements Connection {
  readonly remoteAddress: string
  readonly ending: RequestEnding

  constructor(remoteAddress: string, ending: RequestEnding) {
    this.remoteAddress = remoteAddress
    this.ending = ending
  }

  get signal(): AbortSignal {
    return this.ending.signal
  }
}

// An answer before the upload was read: the rest is not worth reading.
function keepAliveOrClose(incoming: IncomingMessage, response: Response): void {
  if (!incoming.complete && response.status >= 400) response.headers.set('connection', 'close')
}

async function bind(server: Server, options: ListenOptions): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(bindError(error, options)))
    server.listen(options.port, options.host, resolve)
  })
  server.removeAllListeners('error')
  // An error of one connection must not end the process.
  server.on('error', () => undefined)
}

function bindError(
  error: NodeJS.ErrnoException,
  { host, port, table = 'gateway' }: ListenOptions,
): HyperMeshError {
  const flag = table === 'gateway' ? ' or --port' : ''
  const settings = `set [${table}] port, ${environmentName(table, 'port')}${flag} to another`
  const message =
    error.code === 'EADDRINUSE'
      ? `port ${port} on ${host} is in use; stop what listens there, or ${settings} (0 chooses one)`
      : error.code === 'EACCES'
        ? `port ${port} on ${host} may not be used by this user; ${settings}`
        : `cannot listen on ${host}, port ${port} (${error.code ?? error.message}); check [${table}] host and port`
  return new HyperMeshError('unavailable', message, {
    details: { host, port, reason: error.code ?? 'unknown' },
    cause: error,
  })
}

/**
 * Node closes a connection that has served a request and waits; one that was opened and never asked
 * anything would keep the server open for as long as its client likes.
 */
function closeIdle(sockets: ReadonlySet<Socket>, open: OpenRequests): void {
  const busy = new Set([...open.keys()].map((outgoing) => outgoing.socket))
  for (const socket of sockets) {
    if (!busy.has(socket)) socket.destroySoon()
  }
}

function cut(server: Server, open: OpenRequests, logger: Logger): void {
  logger.warn({ requests: open.size }, 'requests still open at the stop are cut')
  for (const ending of open.values()) {
    ending.abort(new HyperMeshError('unavailable', 'the server is stopping'))
  }
  setTimeout(() => server.closeAllConnections(), cutAfterMs).unref()
}

/** Between telling a request to end and cutting its connection: time to write the error. */
const cutAfterMs = 250

/** For what no service could answer: a request that names nothing, or headers that cannot be sent. */
function sendFault(error: unknown, outgoing: ServerResponse, logger: Logger): void {
  const isRequest = error instanceof HyperMeshError && error.code === 'invalid'
  if (!isRequest) logger.error({ err: error }, 'a request could not be served')
  if (outgoing.headersSent) {
    outgoing.destroy()
    return
  }
  const known = isRequest ? error : new HyperMeshError('internal', 'a request could not be served')
  for (const name of outgoing.getHeaderNames()) outgoing.removeHeader(name)
  outgoing.writeHead(known.status, { 'content-type': 'application/json' })
  outgoing.end(JSON.stringify(toErrorBody(known, undefined)))
}

function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1'
  return host.includes(':') ? `[${host}]` : host
}
