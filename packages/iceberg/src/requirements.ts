import { HyperMeshError, type TableMetadata, type TableRequirement } from '@hypermesh/contract'

/** Throws `conflict` when the table is not in the state that a writer planned its commit on. */
export function checkRequirements(
  metadata: TableMetadata | undefined,
  requirements: readonly TableRequirement[],
): void {
  for (const requirement of requirements) {
    const fault = metadata === undefined ? missing(requirement) : faultOf(metadata, requirement)
    if (fault === undefined) continue
    throw new HyperMeshError('conflict', `requirement failed: ${fault}; load the table and retry`, {
      details: { requirement: requirement.type },
    })
  }
}

function missing(requirement: TableRequirement): string | undefined {
  return requirement.type === 'assert-create' ? undefined : 'the table does not exist'
}

type Values<T extends TableRequirement['type']> = Extract<TableRequirement, { type: T }>

function faultOf(metadata: TableMetadata, requirement: TableRequirement): string | undefined {
  switch (requirement.type) {
    case 'assert-create':
      return 'the table exists'
    case 'assert-table-uuid':
      return expected(
        'table uuid',
        metadata['table-uuid'].toLowerCase(),
        requirement.uuid.toLowerCase(),
      )
    case 'assert-ref-snapshot-id':
      return refFault(metadata, requirement)
    case 'assert-last-assigned-field-id':
      return expected(
        'last field id',
        metadata['last-column-id'],
        requirement['last-assigned-field-id'],
      )
    case 'assert-current-schema-id':
      return expected(
        'current schema id',
        metadata['current-schema-id'],
        requirement['current-schema-id'],
      )
    case 'assert-last-assigned-partition-id':
      return expected(
        'last partition field id',
        metadata['last-partition-id'],
        requirement['last-assigned-partition-id'],
      )
    case 'assert-default-spec-id':
      return expected(
        'default spec id',
        metadata['default-spec-id'],
        requirement['default-spec-id'],
      )
    case 'assert-default-sort-order-id':
      return expected(
        'default sort order id',
        metadata['default-sort-order-id'],
        requirement['default-sort-order-id'],
      )
  }
}

/** A missing or null snapshot id asserts that the ref does not exist: the first writer wins. */
function refFault(
  metadata: TableMetadata,
  requirement: Values<'assert-ref-snapshot-id'>,
): string | undefined {
  const { ref } = requirement
  const refs = metadata.refs ?? {}
  const held = Object.hasOwn(refs, ref) ? refs[ref] : undefined
  const wanted = requirement['snapshot-id'] ?? undefined
  return expected(`snapshot of ${ref}`, held?.['snapshot-id'], wanted)
}

function expected<T>(what: string, held: T, wanted: T): string | undefined {
  if (held === wanted) return undefined
  return `${what} is ${String(held ?? 'none')}, expected ${String(wanted ?? 'none')}`
}
