import {
  HyperMeshError,
  headers,
  type Principal,
  type TokenReply,
  toErrorBody,
  tokenRequest,
} from '@hypermesh/contract'
import { jsonResponse, readBody, toHyperMeshError } from '@hypermesh/kit'
import { formatKey, parseKey } from './key-text.ts'

export interface TokenVisit {
  readonly request: Request
  readonly address: string
  readonly signal: AbortSignal
  readonly requestId: string
}

type Authenticate = (request: Request, address: string) => Promise<Principal>

const formBytesMax = 16 * 1024
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'

/**
 * The OAuth face that Iceberg clients ask for a token with `credential=…`: the token is the API key
 * itself, so there is nothing else to keep, to expire or to revoke.
 */
export async function answerToken(
  visit: TokenVisit,
  authenticate: Authenticate,
): Promise<Response> {
  try {
    const { key, scope } = await readGrant(visit)
    const principal = await authenticate(presenting(visit.request, key), visit.address)
    const reply: TokenReply = {
      // Without authentication any text will do, and a client must be given one.
      access_token: principal.keyId === 'no-auth' ? 'no-auth' : key,
      token_type: 'bearer',
      issued_token_type: accessTokenType,
      ...(scope === undefined ? {} : { scope }),
    }
    return jsonResponse(reply, { headers: notStored })
  } catch (thrown) {
    return refusal(toHyperMeshError(thrown, visit.signal), visit.requestId)
  }
}

const notStored = { 'cache-control': 'no-store', pragma: 'no-cache' }

async function readGrant(visit: TokenVisit): Promise<{ key: string; scope: string | undefined }> {
  const { request, signal } = visit
  const form = tokenRequest.safeParse(await readForm(request, signal))
  if (!form.success) throw new HyperMeshError('invalid', 'grant_type is missing')
  const { grant_type: grant, client_id: id, client_secret: secret, scope } = form.data
  if (grant !== 'client_credentials') {
    throw new HyperMeshError(
      'invalid',
      'only the grant client_credentials is served; a key does not expire, so nothing is exchanged',
      { details: { oauthError: 'unsupported_grant_type' } },
    )
  }
  const basic = basicCredentials(request)
  return { key: keyOf(id ?? basic?.id ?? '', secret ?? basic?.secret ?? ''), scope }
}

async function readForm(request: Request, signal: AbortSignal): Promise<Record<string, string>> {
  const [type = ''] = (request.headers.get('content-type') ?? '').toLowerCase().split(';')
  if (type.trim() !== 'application/x-www-form-urlencoded') {
    throw new HyperMeshError('unsupported_media', 'send application/x-www-form-urlencoded')
  }
  const bytes = await readBody(request, { bytesMax: formBytesMax, limit: 'of a form', signal })
  const fields = new URLSearchParams(new TextDecoder().decode(bytes))
  for (const name of fields.keys()) {
    if (fields.getAll(name).length === 1) continue
    throw new HyperMeshError('invalid', 'a field of the form is sent twice')
  }
  return Object.fromEntries(fields)
}

/** RFC 6749, section 2.3.1: both parts are form-encoded before they are joined. */
function basicCredentials(request: Request): { id: string; secret: string } | undefined {
  const text = /^basic +(\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1]
  if (text === undefined) return undefined
  const [id = '', secret = ''] = split(Buffer.from(text, 'base64').toString())
  return { id: decoded(id), secret: decoded(secret) }
}

function split(text: string): string[] {
  const at = text.indexOf(':')
  return at === -1 ? ['', text] : [text.slice(0, at), text.slice(at + 1)]
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}

/** The secret is a whole key, or the secret part of one whose id is the client's. */
function keyOf(id: string, secret: string): string {
  return parseKey(secret) === undefined && id !== '' ? formatKey({ id, secret }) : secret
}

/** The same visitor with the key as a bearer token, for the one way keys are checked. */
function presenting(request: Request, key: string): Request {
  const origin = request.headers.get('origin')
  const sent = new Headers(origin === null ? {} : { origin })
  if (/^[\x21-\x7e]+$/.test(key)) sent.set('authorization', `Bearer ${key}`)
  return new Request(request.url, { headers: sent })
}

/** The form of RFC 6749, and beside it the platform's own. */
function refusal(error: HyperMeshError, requestId: string): Response {
  const { error: own } = toErrorBody(error, requestId)
  const named = error.details?.oauthError
  const oauthError =
    typeof named === 'string'
      ? named
      : error.status === 401 || error.status === 403
        ? 'invalid_client'
        : 'invalid_request'
  const seconds = error.details?.retryAfterSeconds
  return jsonResponse(
    { error: oauthError, error_description: own.message, hypermesh: own },
    {
      status: error.status,
      headers: {
        ...notStored,
        [headers.requestId]: requestId,
        ...(typeof seconds === 'number' ? { 'retry-after': String(seconds) } : {}),
        ...(error.status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
      },
    },
  )
}
