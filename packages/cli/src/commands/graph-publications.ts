import { type GraphPublication, HyperMeshError } from '@hypermesh/contract'
import { oneLine } from '../cell-text.ts'
import type { CommandContext } from '../command-context.ts'
import { UsageError } from '../failure.ts'
import { parseGraphTarget } from '../graph-target.ts'
import { formatCount } from '../quantities.ts'
import { printTable } from '../table-print.ts'

export interface PublishFlags {
  readonly as: string
  readonly nodes?: string
  readonly manual?: boolean
  readonly replace?: boolean
}

const nodeTypes = ['text', 'number'] as const

export async function runPublishSet(
  context: CommandContext,
  name: string,
  { as: table, nodes, manual, replace }: PublishFlags,
): Promise<void> {
  const type = nodeTypes.find((each) => each === nodes)
  if (nodes !== undefined && type === undefined) {
    throw new UsageError(`--nodes is ${nodeTypes.join(' or ')}`)
  }
  const request = {
    table,
    ...(type === undefined ? {} : { nodes: type }),
    ...(manual ? { mode: 'manual' as const } : {}),
    ...(replace ? { replace: true } : {}),
  }
  const target = parseGraphTarget(name)
  const { client } = await context.connect()
  const { signal } = context
  printPublication(context, await client.putGraphPublication(target, request, { signal }))
}

export async function runPublishShow(context: CommandContext, name: string): Promise<void> {
  const target = parseGraphTarget(name)
  const { client } = await context.connect()
  const { signal } = context
  printPublication(context, await client.getGraphPublication(target, { signal }))
}

export async function runPublishSync(context: CommandContext, name: string): Promise<void> {
  const target = parseGraphTarget(name)
  const { client } = await context.connect()
  const { signal } = context
  printPublication(context, await client.syncGraphPublication(target, { signal }))
}

export async function runPublishEnd(
  { terminal, signal, connect }: CommandContext,
  name: string,
): Promise<void> {
  await (await connect()).client.deleteGraphPublication(parseGraphTarget(name), { signal })
  terminal.print(`${name} is published no more; the Iceberg table stays`)
}

/** Of each table of a database that is published. */
export async function runPublications(
  { terminal, json, signal, connect }: CommandContext,
  database: string,
): Promise<void> {
  const { client } = await connect()
  const { tables } = await client.listGraphTables(database, { signal })
  const found: GraphPublication[] = []
  for (const { table } of tables) {
    const publication = await client
      .getGraphPublication({ database, table }, { signal })
      .catch(unlessMissing)
    if (publication !== undefined) found.push(publication)
  }
  if (json) return terminal.print(JSON.stringify(found))
  if (found.length === 0) return terminal.print('no publications')
  printTable(
    terminal,
    [{ name: 'table' }, { name: 'published as' }, { name: 'mode' }, { name: 'state' }],
    found.map(({ graph_table: from, table, mode, state }) => [from, table, mode, state]),
  )
}

function unlessMissing(error: unknown): undefined {
  if (!(error instanceof HyperMeshError) || error.code !== 'not_found') throw error
}

function printPublication({ terminal, json }: CommandContext, publication: GraphPublication): void {
  if (json) {
    terminal.print(JSON.stringify(publication))
    return
  }
  const { database, graph_table: from, table, state, seq, current_seq: newest } = publication
  terminal.print(`${database}.${from} as ${table}: ${state}`)
  terminal.print(`up to commit ${formatCount(seq)} of ${formatCount(newest)}`)
  const { last_error: failed } = publication
  if (failed !== undefined) terminal.note(`${failed.code}: ${oneLine(failed.message)}`)
}
