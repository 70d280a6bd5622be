/** What stands in view metadata: Iceberg view specification v1. */
import { z } from 'zod'
import { icebergSchema, stringMap } from './table-metadata.ts'

/** One text of a view. Other kinds than SQL are kept as they are. */
const viewRepresentation = z.looseObject({
  type: z.string(),
  sql: z.string().optional(),
  dialect: z.string().optional(),
})
export type ViewRepresentation = z.infer<typeof viewRepresentation>

export const viewVersion = z.object({
  'version-id': z.number().int(),
  'schema-id': z.number().int().describe('-1: the schema added last'),
  'timestamp-ms': z.number().int(),
  summary: stringMap,
  representations: z.array(viewRepresentation),
  'default-catalog': z.string().nullish(),
  'default-namespace': z.array(z.string()),
})
export type ViewVersion = z.infer<typeof viewVersion>

export const viewMetadata = z.looseObject({
  'view-uuid': z.string(),
  'format-version': z.number().int(),
  location: z.string(),
  'current-version-id': z.number().int(),
  versions: z.array(viewVersion),
  'version-log': z.array(
    z.object({ 'version-id': z.number().int(), 'timestamp-ms': z.number().int() }),
  ),
  schemas: z.array(icebergSchema),
  properties: stringMap.optional(),
})
export type ViewMetadata = z.infer<typeof viewMetadata>
