import type { LoadTableReply } from '@hypermesh/contract'
import type { Source } from '@hypermesh/duckdb'
import { currentSchema, type Evolution, planEvolution } from '@hypermesh/iceberg'
import { type LayoutRequest, type LoadLayout, planLayout } from './load-layout.ts'
import { sourceColumns } from './source-fit.ts'

/** How a load fits its table: with which columns, and how its files are laid out. */
export interface LoadFit {
  readonly evolution: Evolution
  readonly layout: LoadLayout
}

export function planFit(
  source: Source,
  table: LoadTableReply | undefined,
  layout: LayoutRequest | undefined,
): LoadFit {
  const current = table && currentSchema(table.metadata)
  const columns = sourceColumns(source, current)
  const evolution = planEvolution(current, columns, table?.metadata['last-column-id'] ?? 0)
  return { evolution, layout: planLayout(table, evolution.schema, layout) }
}

/** What files that were written fit: equal for two fits whose files are the same. */
export function shapeOf({ evolution, layout }: LoadFit): string {
  return JSON.stringify([evolution.columns, layout.write])
}
