import {
  type ErrorCode,
  errorTable,
  fromErrorBody,
  HyperMeshError,
  parseJson,
} from '@hypermesh/contract'

/** Names that Iceberg catalogs give their errors, where the status alone does not tell. */
const icebergTypes: Readonly<Record<string, ErrorCode>> = {
  AlreadyExistsException: 'exists',
  CommitFailedException: 'conflict',
  NamespaceNotEmptyException: 'precondition',
  CommitStateUnknownException: 'upstream',
}

const codesByStatus: Readonly<Record<number, ErrorCode>> = {
  ...Object.fromEntries(
    (Object.keys(errorTable) as ErrorCode[]).map((code) => [errorTable[code].status, code]),
  ),
  // Several codes share these; the table's order is not a choice.
  409: 'conflict',
  422: 'invalid_name',
  500: 'internal',
}

/** Decodes any reply that is not a success: our form, the Iceberg form, or none at all. */
export async function toReplyError(response: Response): Promise<HyperMeshError> {
  const text = await response.text().catch(() => '')
  const body = parseBody(text)
  const requestId = response.headers.get('x-request-id') ?? undefined
  const iceberg = fromIcebergBody(response.status, body, requestId)
  if (iceberg) return iceberg
  const code = codesByStatus[response.status]
  if (text === '' && code !== undefined) {
    return new HyperMeshError(code, `the server answered ${response.status}`, {
      // Whoever it was, it did not say that nothing was done.
      ...(response.status < 500 ? {} : { effect: 'unknown' as const }),
      ...(requestId === undefined ? {} : { requestId }),
    })
  }
  return fromErrorBody(response.status, body)
}

function fromIcebergBody(
  status: number,
  body: unknown,
  requestId: string | undefined,
): HyperMeshError | undefined {
  // The OAuth form has its own `error`, a word; our own body stands beside it.
  const beside = (body as { hypermesh?: unknown } | null)?.hypermesh
  if (typeof beside === 'object' && beside !== null) return fromErrorBody(status, { error: beside })
  const error = (body as { error?: Record<string, unknown> } | null)?.error
  if (typeof error !== 'object' || error === null) return undefined
  // Our own catalog puts its own form beside the protocol's.
  if (typeof error.hypermesh === 'object') return fromErrorBody(status, { error: error.hypermesh })
  const { type, message, code: number } = error
  if (typeof type !== 'string' || typeof number !== 'number') return undefined
  const code = icebergTypes[type] ?? codesByStatus[status] ?? 'upstream'
  return new HyperMeshError(code, typeof message === 'string' ? message : type, {
    details: { type },
    ...(type === 'CommitStateUnknownException' ? { effect: 'unknown' as const } : {}),
    ...(requestId === undefined ? {} : { requestId }),
  })
}

function parseBody(text: string): unknown {
  try {
    return parseJson(text)
  } catch {
    return undefined
  }
}
