import { type DeclaredFields, fieldValues, type Metadata } from '../metadata-fields.ts'
import type { FieldTexts } from './bm25-index.ts'

/** The fields whose words are indexed. */
export function textFieldsOf(declared: DeclaredFields): readonly string[] {
  return Object.keys(declared).filter((name) => declared[name] === 'text')
}

/** The texts of these fields; those inside of objects have dotted names. */
export function textsOf(metadata: Metadata, fields: readonly string[]): FieldTexts {
  const values = fieldValues(metadata)
  return Object.fromEntries(
    fields.map((name) => [
      name,
      [...(values.get(name) ?? [])].filter((value) => typeof value === 'string'),
    ]),
  )
}
