import { HyperMeshError } from '@hypermesh/contract'
import type { TableView } from '../command-context.ts'
import { formatPlural } from '../quantities.ts'

export interface RelocateFlags {
  readonly from: string
  readonly to: string
  readonly apply?: boolean
}

/** As long as the server lets a load take: every manifest is read, and written. */
const timeoutMs = 3_600_000

/** Tells what a relocation would change, and with `apply` makes it. */
export async function runRelocate(
  { terminal, client, signal, json }: TableView,
  { from, to, apply = false }: RelocateFlags,
): Promise<void> {
  const reply = await client.relocateWarehouse({ from, to, apply }, { signal, timeoutMs })
  if (json) return terminal.print(JSON.stringify(reply))
  terminal.print(`${reply.from} → ${reply.to}`)
  for (const { name, reason } of reply.blockers) {
    terminal.print(`${terminal.style('yellow', '!')} ${name}: ${reason}`)
  }
  const figures = [
    formatPlural(reply.tables, 'table'),
    formatPlural(reply.views, 'view'),
    formatPlural(reply.manifestLists, 'manifest list'),
    formatPlural(reply.manifests, 'manifest'),
    formatPlural(reply.positionDeleteFiles, 'position delete file'),
    `${formatPlural(reply.dataFiles, 'file')} found`,
  ].join(', ')
  if (reply.applied) return terminal.print(`relocated: ${figures}`)
  terminal.print(`would relocate: ${figures}`)
  if (reply.blockers.length > 0) {
    throw new HyperMeshError('conflict', 'some tables cannot be relocated as they are')
  }
  terminal.print(terminal.style('dim', 'nothing was changed; add --apply to do it'))
}
