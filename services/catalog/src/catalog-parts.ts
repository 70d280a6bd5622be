import type { Limits } from '@hypermesh/contract'
import type { ReadContext } from '@hypermesh/iceberg'
import type { Logger } from '@hypermesh/kit'
import type { AppendFiles } from './append-files.ts'
import type { Namespaces } from './namespaces.ts'
import type { Tables } from './tables.ts'

/** What the routes call. */
export interface CatalogParts {
  readonly logger: Logger
  readonly limits: Limits
  readonly namespaces: Namespaces
  readonly tables: Tables
  readonly appendFiles: AppendFiles
  readonly manifests: ReadContext
  readonly warehouseUri: string
}
