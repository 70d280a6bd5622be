import { z } from 'zod'

/** A column of the table property `schema.name-mapping.default`, by the names it has in files. */
export interface MappedFieldJson {
  readonly 'field-id'?: number | undefined
  readonly names: readonly string[]
  readonly fields?: readonly MappedFieldJson[] | undefined
}

const mappedField: z.ZodType<MappedFieldJson> = z.lazy(() =>
  z.object({
    'field-id': z.number().int().optional(),
    names: z.array(z.string()),
    fields: z.array(mappedField).optional(),
  }),
)

export const nameMapping = z.array(mappedField)
