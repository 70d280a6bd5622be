import { createHash } from 'node:crypto'
import {
  type MappedFieldJson,
  nameMapping,
  type StructField,
  type TableMetadata,
  type TableUpdate,
} from '@hypermesh/contract'
import { childFields, currentSchema } from './schema.ts'

const nameMappingProperty = 'schema.name-mapping.default'
/** Tells a mapping of ours from one that somebody else has set, which is left alone. */
const ownMappingProperty = 'hypermesh.name-mapping-sha256'

/**
 * What to set when files without column ids join the table, so that every engine reads them by the
 * names of its columns. Where a name has meant two columns no mapping can be right: then there is
 * none, and our own reader goes by the schema that each file was added under.
 */
export function nameMappingUpdates(metadata: TableMetadata): readonly TableUpdate[] {
  const properties = metadata.properties ?? {}
  const held = properties[nameMappingProperty]
  if (held !== undefined && hashOf(held) !== properties[ownMappingProperty]) return []
  const mapping = merge(held === undefined ? [] : parse(held), currentSchema(metadata).fields)
  if (mapping === undefined) {
    return [{ action: 'remove-properties', removals: [nameMappingProperty] }]
  }
  // Removed once, it stays away: the files of before are still there.
  if (held === undefined && properties[ownMappingProperty] !== undefined) return []
  const text = JSON.stringify(mapping)
  const updates = { [nameMappingProperty]: text, [ownMappingProperty]: hashOf(text) }
  return [{ action: 'set-properties', updates }]
}

/** Undefined when a name would mean two columns. */
function merge(
  held: readonly MappedFieldJson[],
  fields: readonly StructField[],
): readonly MappedFieldJson[] | undefined {
  const merged: MappedFieldJson[] = []
  for (const field of fields) {
    const known = held.find((each) => each['field-id'] === field.id)
    const inside = merge(known?.fields ?? [], childFields(field.type))
    if (inside === undefined) return undefined
    merged.push({
      'field-id': field.id,
      names: [...new Set([...(known?.names ?? []), field.name])],
      ...(inside.length === 0 ? {} : { fields: inside }),
    })
  }
  // Columns that were dropped stay: their names must not come to mean another one.
  const ids = new Set(fields.map(({ id }) => id))
  merged.push(...held.filter((each) => !ids.has(each['field-id'] ?? 0)))
  const names = merged.flatMap((each) => each.names.map((name) => name.toLowerCase()))
  return new Set(names).size === names.length ? merged : undefined
}

function parse(text: string): readonly MappedFieldJson[] {
  return nameMapping.parse(JSON.parse(text))
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
