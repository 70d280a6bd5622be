import type { Limits } from '@hypermesh/contract'
import type { ReadContext, Warehouse } from '@hypermesh/iceberg'
import type { Logger, Metrics } from '@hypermesh/kit'
import type { Answers } from './answers.ts'
import type { AppendFiles } from './append-files.ts'
import type { Namespaces } from './namespaces.ts'
import type { Relocation } from './relocation.ts'
import type { TableCommits } from './table-commits.ts'
import type { Tables } from './tables.ts'
import type { Views } from './views.ts'

/** What the routes call. */
export interface CatalogParts {
  readonly logger: Logger
  readonly limits: Limits
  readonly namespaces: Namespaces
  readonly tables: Tables
  readonly views: Views
  readonly commits: TableCommits
  readonly relocation: Relocation
  readonly appendFiles: AppendFiles
  readonly manifests: ReadContext
  readonly answers: Answers
  readonly warehouse: Warehouse
  /** Every URI that the warehouse was recorded under, that of today last. */
  readonly warehouseUris: () => readonly string[]
  /** Reports of clients, by type. */
  readonly reports: ReturnType<Metrics['counter']>
}
