import type { CommandContext } from '../command-context.ts'
import { formatBytes, formatCount, formatPlural } from '../quantities.ts'
import { printTable } from '../table-print.ts'

export async function runVectorsDelete(
  { terminal, signal, connect }: CommandContext,
  name: string,
): Promise<void> {
  await (await connect()).client.deleteVectorIndex(name, { signal })
  terminal.print(`deleted ${name}; its snapshots stay`)
}

export async function runVectorsMerge(
  { terminal, json, signal, connect }: CommandContext,
  name: string,
  from: string,
): Promise<void> {
  const { client } = await connect()
  const figures = await client.mergeVectors(name, { from }, { signal })
  if (json) return terminal.print(JSON.stringify(figures))
  const { added, updated, unchanged } = figures
  const rest = `${formatCount(updated)} updated, ${formatCount(unchanged)} as they were`
  terminal.print(`${formatPlural(added, 'point')} added, ${rest}`)
}

export async function runVectorsCompact(
  { terminal, json, signal, connect }: CommandContext,
  name: string,
): Promise<void> {
  const { removed } = await (await connect()).client.compactVectors(name, { signal })
  terminal.print(json ? JSON.stringify({ removed }) : `${formatPlural(removed, 'dead slot')} freed`)
}

export async function runVectorsSnapshots(
  { terminal, json, signal, connect }: CommandContext,
  name: string,
): Promise<void> {
  const { snapshots } = await (await connect()).client.listVectorSnapshots(name, { signal })
  if (json) return terminal.print(JSON.stringify(snapshots))
  if (snapshots.length === 0) return terminal.print('no snapshots')
  printTable(
    terminal,
    [{ name: 'snapshot' }, { name: 'size', right: true }, { name: 'created' }],
    snapshots.map(({ snapshot, bytes, createdAt }) => [snapshot, formatBytes(bytes), createdAt]),
  )
}

export async function runVectorsSnapshot(
  { terminal, json, signal, connect }: CommandContext,
  name: string,
  snapshot: string | undefined,
): Promise<void> {
  const { client } = await connect()
  const request = snapshot === undefined ? {} : { snapshot }
  const kept = await client.createVectorSnapshot(name, request, { signal })
  terminal.print(json ? JSON.stringify(kept) : `${kept.snapshot} (${formatBytes(kept.bytes)})`)
}

export async function runVectorsRestore(
  { terminal, json, signal, connect }: CommandContext,
  name: string,
  { snapshot, from }: { readonly snapshot: string; readonly from?: string },
): Promise<void> {
  const { client } = await connect()
  const request = { snapshot, ...(from === undefined ? {} : { from }) }
  const restored = await client.restoreVectorIndex(name, request, { signal })
  if (json) return terminal.print(JSON.stringify(restored))
  terminal.print(
    `${restored.index} is as in ${snapshot}: ${formatPlural(restored.points, 'point')}`,
  )
}
