import { type ErrorCode, type HyperMeshError, toErrorBody } from '@hypermesh/contract'
import { jsonResponse } from './json-response.ts'

/** Turns an error into a response; protocols with their own form bring their own. */
export type RenderError = (error: HyperMeshError, requestId: string | undefined) => Response

/** The platform's own form: `{"error":{code,message,…}}`. */
export function renderError(error: HyperMeshError, requestId: string | undefined): Response {
  return jsonResponse(toErrorBody(error, requestId), {
    status: error.status,
    headers: errorHeaders(error),
  })
}

/**
 * The form of the Iceberg REST protocol. `details.icebergType` names the exception where the code
 * alone does not tell it (NoSuchTableException, NamespaceNotEmptyException). The platform's own
 * body stands beside it for our client; other clients skip it.
 */
export function renderIcebergError(error: HyperMeshError, requestId: string | undefined): Response {
  const own = toErrorBody(error, requestId).error
  const given = error.details?.icebergType
  const type = typeof given === 'string' ? given : icebergTypes[error.code]
  const body = { error: { message: own.message, type, code: error.status, hypermesh: own } }
  return jsonResponse(body, { status: error.status, headers: errorHeaders(error) })
}

function errorHeaders(error: HyperMeshError): Record<string, string> {
  const seconds = error.details?.retryAfterSeconds
  return {
    ...(error.code === 'unauthenticated' ? { 'www-authenticate': 'Bearer' } : {}),
    ...(typeof seconds === 'number' ? { 'retry-after': String(seconds) } : {}),
    ...(Array.isArray(error.details?.allow) ? { allow: error.details.allow.join(', ') } : {}),
  }
}

const icebergTypes: Readonly<Record<ErrorCode, string>> = {
  invalid: 'BadRequestException',
  unauthenticated: 'NotAuthorizedException',
  forbidden: 'ForbiddenException',
  not_found: 'NotFoundException',
  method_not_allowed: 'BadRequestException',
  exists: 'AlreadyExistsException',
  conflict: 'CommitFailedException',
  gone: 'NotFoundException',
  precondition: 'CommitFailedException',
  too_large: 'BadRequestException',
  unsupported_media: 'BadRequestException',
  range: 'BadRequestException',
  invalid_name: 'BadRequestException',
  key_reused: 'BadRequestException',
  type_mismatch: 'BadRequestException',
  rate_limited: 'SlowDownException',
  cancelled: 'RequestCancelledException',
  internal: 'InternalServerError',
  corrupt: 'InternalServerError',
  damaged: 'InternalServerError',
  unsupported: 'UnsupportedOperationException',
  upstream: 'BadGatewayException',
  unavailable: 'ServiceUnavailableException',
  storage_full: 'ServiceFailureException',
  deadline: 'GatewayTimeoutException',
}
