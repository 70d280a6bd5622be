import type { HyperMeshClient } from '@hypermesh/client'
import type { LoadTableReply, TableName } from '@hypermesh/contract'
import type { Warehouse } from '@hypermesh/iceberg'
import { findTable } from './catalog-access.ts'

/** A table and the directory of its files; or where it would lie, were it created. */
export interface TablePlace {
  readonly table: LoadTableReply | undefined
  readonly location: string
}

export interface TablePlaceOptions {
  readonly catalog: HyperMeshClient
  readonly warehouse: Warehouse
  readonly name: TableName
  /** Ends the directory's name where another table has the usual one: it was renamed, or dropped. */
  readonly suffix: string
  readonly signal: AbortSignal
}

export async function findTablePlace(options: TablePlaceOptions): Promise<TablePlace> {
  const { catalog, warehouse, name, suffix, signal } = options
  const find = async () => {
    const table = await findTable(catalog, name, signal)
    return table && { table, location: table.metadata.location.replace(/\/+$/, '') }
  }
  const usual = warehouse.tableLocation(name)
  const found = await find()
  if (found !== undefined) return found
  if (!(await isUsed(warehouse, usual))) return { table: undefined, location: usual }
  // Asked again, since the table itself may have been created in between.
  return (await find()) ?? { table: undefined, location: `${usual}-${suffix}` }
}

async function isUsed(warehouse: Warehouse, location: string): Promise<boolean> {
  const prefix = `${warehouse.toKey(location)}/metadata/`
  const { objects } = await warehouse.store.list({ prefix, limit: 1 })
  return objects.length > 0
}
