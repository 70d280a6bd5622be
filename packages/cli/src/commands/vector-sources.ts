import type { VectorSource, VectorSourceRequest } from '@hypermesh/contract'
import { oneLine } from '../cell-text.ts'
import type { CommandContext } from '../command-context.ts'
import { formatCount, formatPlural } from '../quantities.ts'
import { printTable } from '../table-print.ts'

export interface FollowFlags {
  readonly id: string
  readonly vector?: string
  readonly text?: string
  readonly metadata: readonly string[]
  readonly manual?: boolean
  readonly skipBadRows?: boolean
  readonly replace?: boolean
}

/** Returns when the index has what the table has now. */
export async function runVectorsFollow(
  { terminal, json, signal, connect }: CommandContext,
  name: string,
  { id, manual, skipBadRows, metadata, ...rest }: { readonly table: string } & FollowFlags,
): Promise<void> {
  const { client } = await connect()
  const request: VectorSourceRequest = {
    ...rest,
    key: id,
    metadata: [...metadata],
    mode: manual ? 'manual' : 'follow',
    onBadRows: skipBadRows ? 'skip' : 'fail',
  }
  await client.putVectorSource(name, request, { signal })
  print(await client.syncVectorSource(name, { signal }), { terminal, json })
}

export async function runVectorsSync(
  { terminal, json, signal, connect }: CommandContext,
  name: string,
): Promise<void> {
  print(await (await connect()).client.syncVectorSource(name, { signal }), { terminal, json })
}

export async function runVectorsUnfollow(
  { terminal, signal, connect }: CommandContext,
  name: string,
): Promise<void> {
  await (await connect()).client.deleteVectorSource(name, { signal })
  terminal.print(`${name} follows no table any more; its points stay`)
}

/** Of all indexes that follow a table. */
export async function runVectorsSources(context: CommandContext): Promise<void> {
  const { terminal, json, signal, connect } = context
  const { client } = await connect()
  const { indexes } = await client.listVectorIndexes({ signal })
  const sources: VectorSource[] = []
  for (const { index, source } of indexes) {
    if (source !== undefined) sources.push(await client.getVectorSource(index, { signal }))
  }
  if (json) return terminal.print(JSON.stringify(sources))
  if (sources.length === 0) return terminal.print('no index follows a table')
  printTable(
    terminal,
    [
      { name: 'index' },
      { name: 'table' },
      { name: 'state' },
      { name: 'points', right: true },
      { name: 'behind', right: true },
    ],
    sources.map((source) => [
      ...[source.index, source.table, source.state, formatCount(source.points), behind(source)],
    ]),
  )
  for (const { index, lastError } of sources) {
    if (lastError !== undefined) terminal.note(`${index}: ${oneLine(lastError.message)}`)
  }
}

function behind({ snapshotsBehind }: VectorSource): string {
  return snapshotsBehind === undefined ? '?' : formatPlural(snapshotsBehind, 'snapshot')
}

function print(
  source: VectorSource,
  { terminal, json }: Pick<CommandContext, 'terminal' | 'json'>,
): void {
  if (json) {
    terminal.print(JSON.stringify(source))
    return
  }
  const { index, table, state, points, badRows } = source
  const skipped = badRows.count === 0 ? '' : `, ${formatPlural(badRows.count, 'row')} left out`
  terminal.print(`${index}: ${formatPlural(points, 'point')} of ${table}, ${state}${skipped}`)
}
