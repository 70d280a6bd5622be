import { HyperMeshError, printable, type TableName } from '@hypermesh/contract'

/**
 * The errors that the Iceberg REST specification names. `icebergType` travels in the details, and
 * the renderer of `/iceberg` routes puts it where the protocol wants it.
 */
export function noSuchNamespace(namespace: string): HyperMeshError {
  return new HyperMeshError('not_found', `no namespace named ${printable(namespace)}`, {
    details: { icebergType: 'NoSuchNamespaceException' },
  })
}

export function noSuchTable(name: TableName, nearest: string | undefined): HyperMeshError {
  const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`
  const wanted = `${printable(name.namespace)}.${printable(name.table)}`
  return new HyperMeshError('not_found', `no table named ${wanted}${hint}`, {
    details: { icebergType: 'NoSuchTableException', ...(nearest ? { nearest } : {}) },
  })
}

export function noSuchView(name: TableName, nearest: string | undefined): HyperMeshError {
  const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`
  const wanted = `${printable(name.namespace)}.${printable(name.table)}`
  return new HyperMeshError('not_found', `no view named ${wanted}${hint}`, {
    details: { icebergType: 'NoSuchViewException', ...(nearest ? { nearest } : {}) },
  })
}

export function alreadyExists(what: string): HyperMeshError {
  return new HyperMeshError('exists', `${what} exists already`, {
    details: { icebergType: 'AlreadyExistsException' },
  })
}

export function namespaceNotEmpty(namespace: string): HyperMeshError {
  return new HyperMeshError(
    'conflict',
    `namespace ${namespace} still has tables; drop them first`,
    {
      details: { icebergType: 'NamespaceNotEmptyException' },
    },
  )
}
