import { z } from 'zod'
import { HyperMeshError } from './errors.ts'

/** Names of namespaces, tables, keys: identifiers, checked at the edge and again where SQL is built. */
export const identifierPattern = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/

export const identifier = z
  .string()
  .regex(identifierPattern, 'must match [A-Za-z_][A-Za-z0-9_]{0,63}')

export interface TableName {
  readonly namespace: string
  readonly table: string
}

/** Parses `namespace.table`; throws `invalid_name`. */
export function parseTableName(text: string): TableName {
  const parts = text.split('.')
  const [namespace, table] = parts
  if (parts.length !== 2 || namespace === undefined || table === undefined) {
    throw new HyperMeshError(
      'invalid_name',
      `"${printable(text)}" is not a table name; write namespace.table`,
    )
  }
  return { namespace: parseIdentifier(namespace), table: parseIdentifier(table) }
}

/** Returns the name if it is an identifier; throws `invalid_name`. */
export function parseIdentifier(text: string): string {
  if (!identifierPattern.test(text)) {
    throw new HyperMeshError(
      'invalid_name',
      `"${printable(text)}" is not a name; use letters, digits and _, at most 64, no digit first`,
    )
  }
  return text
}

export function formatTableName(name: TableName): string {
  return `${name.namespace}.${name.table}`
}

const columnNameBytesMax = 255

/**
 * Returns the column name if it is allowed. Column names are data: any non-empty, well-formed
 * Unicode of at most 255 bytes of UTF-8, kept as sent. NUL cannot be held by Parquet readers in C.
 */
export function parseColumnName(text: string): string {
  const bytes = new TextEncoder().encode(text).length
  const lone = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/.test(text)
  if (text.length === 0 || bytes > columnNameBytesMax || text.includes('\0') || lone) {
    throw new HyperMeshError(
      'invalid_name',
      `"${printable(text)}" cannot be a column name; it must have 1 to 255 bytes of UTF-8 and no NUL`,
    )
  }
  return text
}

/** Quotes an identifier for SQL: the one function that does. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** Shortens text and hides control characters, so that a message cannot be forged by a name. */
export function printable(text: string): string {
  const clean = text.replace(/\p{C}/gu, '\uFFFD')
  return clean.length > 80 ? `${clean.slice(0, 80)}…` : clean
}
