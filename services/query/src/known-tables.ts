import type { TableReader, TaggedTable } from '@hypermesh/client'
import type { TableMetadata, TableName } from '@hypermesh/contract'
import { RecentMap } from './recent-map.ts'

/**
 * Metadata of tables as they were last loaded. The catalog is asked each time, as the caller, and
 * answers in a few bytes while a table is the same: the metadata of a table with a thousand snapshots
 * takes longer to send and parse than a lookup in it.
 */
export class KnownTables {
  readonly #known: RecentMap<TaggedTable>

  constructor(charsMax: number) {
    this.#known = new RecentMap(charsMax, ({ chars }) => chars)
  }

  async load(catalog: TableReader, name: TableName, signal: AbortSignal): Promise<TableMetadata> {
    const key = `${name.namespace}.${name.table}`.toLowerCase()
    const known = this.#known.get(key)
    const loaded = await catalog.refreshTable(name, known, { signal })
    if (loaded !== known && loaded.etag !== undefined) this.#known.set(key, loaded)
    return loaded.metadata
  }
}
