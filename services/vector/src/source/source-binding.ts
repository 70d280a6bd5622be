import {
  HyperMeshError,
  type IcebergType,
  printable,
  type StructField,
  type TableMetadata,
  type vectorSourceRequest,
} from '@hypermesh/contract'
import { boundField, fieldNamed, formatType } from '@hypermesh/iceberg'
import type { z } from 'zod'
import type { SourceColumn, SourceState } from './source-state.ts'

type Use = 'key' | 'vector' | 'text' | 'metadata'

const keyTypes = new Set(['int', 'long', 'string', 'uuid'])
const numberTypes = new Set(['float', 'double', 'int', 'long'])
const withoutJson = /^(binary|fixed)/

/** Finds the columns of a request; throws for one that is not there or is of another type. */
export function bindSource(
  metadata: TableMetadata,
  request: z.output<typeof vectorSourceRequest>,
): SourceState {
  const { table, key, vector, text, mode, onBadRows } = request
  if ((vector === undefined) === (text === undefined)) {
    throw new HyperMeshError('invalid', 'say a column for vector or for text, one of them')
  }
  const bind = (name: string, use: Use): SourceColumn => {
    const field = fieldNamed(metadata, table, name)
    assertType(field, use)
    return { id: field.id, name: field.name }
  }
  const columns = request.metadata.map((name) => bind(name, 'metadata'))
  const again = columns.find(
    ({ id }, index) => columns.findIndex((other) => other.id === id) < index,
  )
  if (again !== undefined) {
    throw new HyperMeshError('invalid', `the column ${printable(again.name)} is there twice`)
  }
  return {
    ...{ table, tableUuid: metadata['table-uuid'], key: bind(key, 'key'), metadata: columns },
    ...(vector === undefined ? {} : { vector: bind(vector, 'vector') }),
    ...(text === undefined ? {} : { text: bind(text, 'text') }),
    ...{ mode, onBadRows, snapshotId: null, partial: null, syncedAt: null },
    badRows: { count: 0, samples: [] },
    repeatedKeys: 0,
  }
}

/** Throws `precondition` where the table is not the one that was chosen, or a column not what it was. */
export function assertBound(metadata: TableMetadata, source: SourceState): readonly StructField[] {
  const find = (column: SourceColumn, use: Use): StructField => {
    const field = boundField(metadata, source, column)
    assertType(field, use)
    return field
  }
  return [
    find(source.key, 'key'),
    ...(source.vector ? [find(source.vector, 'vector')] : []),
    ...(source.text ? [find(source.text, 'text')] : []),
    ...source.metadata.map((column) => find(column, 'metadata')),
  ]
}

function assertType({ name, type }: StructField, use: Use): void {
  if (isOf(use, type)) return
  const wanted = {
    key: 'whole numbers, texts or UUIDs as key',
    vector: 'lists of numbers as vector',
    text: 'texts as text',
    metadata: 'scalars or lists of them as metadata',
  }[use]
  const given = formatType(type)
  throw new HyperMeshError(
    'type_mismatch',
    `${printable(name)} is ${given}; an index takes ${wanted}`,
    {
      details: { column: name, given, use },
    },
  )
}

function isOf(use: Use, type: IcebergType): boolean {
  const element = typeof type === 'object' && type.type === 'list' ? type.element : undefined
  if (use === 'vector') return typeof element === 'string' && numberTypes.has(element)
  if (use === 'metadata') {
    const scalar = element ?? type
    return typeof scalar === 'string' && !withoutJson.test(scalar)
  }
  if (typeof type !== 'string') return false
  return use === 'key' ? keyTypes.has(type) : type === 'string'
}
