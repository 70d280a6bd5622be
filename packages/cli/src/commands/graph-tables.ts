import { type GraphPropertyType, graphPropertyTypes } from '@hypermesh/contract'
import { oneLine } from '../cell-text.ts'
import type { CommandContext } from '../command-context.ts'
import { UsageError } from '../failure.ts'
import { parseGraphTarget } from '../graph-target.ts'
import { formatBytes, formatCount, formatPlural } from '../quantities.ts'
import { printTable } from '../table-print.ts'

export interface CreateTableFlags {
  readonly member: readonly string[]
  readonly property: readonly string[]
  readonly bucketSeconds?: string
  readonly ttlDays?: string
}

/** The tables of a database, or one of them with its sizes. */
export async function runGraphTables(context: CommandContext, name: string): Promise<void> {
  if (name.includes('.')) return describeTable(context, name)
  const { terminal, json, signal, connect } = context
  const { tables } = await (await connect()).client.listGraphTables(name, { signal })
  if (json) return terminal.print(JSON.stringify(tables))
  if (tables.length === 0) return terminal.print(`no tables in ${oneLine(name)}`)
  printTable(
    terminal,
    [{ name: 'table' }, { name: 'members' }, { name: 'properties' }],
    tables.map(({ table, members, properties }) => [
      table,
      members.join(', '),
      propertiesText(properties),
    ]),
  )
}

async function describeTable(
  { terminal, json, signal, connect }: CommandContext,
  name: string,
): Promise<void> {
  const target = parseGraphTarget(name)
  const table = await (await connect()).client.getGraphTable(target, { signal })
  if (json) return terminal.print(JSON.stringify(table))
  const { hyperedges, segments, bytes } = table.stats
  terminal.print(`${name}: ${formatPlural(hyperedges, 'hyperedge')}`)
  terminal.print(`members: ${table.members.join(', ') || 'any role'}`)
  terminal.print(`properties: ${propertiesText(table.properties) || 'none'}`)
  for (const [index, columns] of Object.entries(table.indexes)) {
    terminal.print(`index ${index} on ${columns.join(', ')}`)
  }
  terminal.print(`${formatPlural(segments, 'segment')}, ${formatBytes(bytes)}`)
}

export async function runGraphTableCreate(
  { terminal, json, signal, connect }: CommandContext,
  name: string,
  { member, property, bucketSeconds, ttlDays }: CreateTableFlags,
): Promise<void> {
  const { database, table } = parseGraphTarget(name)
  const request = {
    table,
    members: [...member],
    properties: Object.fromEntries(property.map(parseProperty)),
    ...(bucketSeconds === undefined
      ? {}
      : { bucket_seconds: parseCount(bucketSeconds, '--bucket-seconds') }),
    ...(ttlDays === undefined ? {} : { ttl_ms: parseCount(ttlDays, '--ttl-days') * 86_400_000 }),
  }
  const created = await (await connect()).client.createGraphTable(database, request, { signal })
  terminal.print(json ? JSON.stringify(created) : `created ${database}.${created.table}`)
}

export async function runGraphTableDrop(
  { terminal, signal, connect }: CommandContext,
  name: string,
): Promise<void> {
  await (await connect()).client.dropGraphTable(parseGraphTarget(name), { signal })
  terminal.print(`dropped ${name} with all its hyperedges`)
}

function propertiesText(properties: Readonly<Record<string, GraphPropertyType>>): string {
  return Object.entries(properties)
    .map(([name, type]) => `${name} ${type}`)
    .join(', ')
}

function parseProperty(text: string): [string, GraphPropertyType] {
  const [name = '', given] = text.split('=')
  const type = graphPropertyTypes.find((each) => each === given)
  if (name !== '' && type !== undefined) return [name, type]
  const types = graphPropertyTypes.join(', ')
  throw new UsageError(`--property ${text}: write it as NAME=TYPE; the types are ${types}`)
}

export function parseCount(text: string, flag: string): number {
  const number = Number(text)
  if (Number.isSafeInteger(number) && number > 0) return number
  throw new UsageError(`${flag} ${text}: it must be a whole number above 0`)
}

export function formatTotals(inserted: number, duplicates: number): string {
  const there = duplicates === 0 ? '' : `, ${formatCount(duplicates)} were there already`
  return `${formatPlural(inserted, 'hyperedge')} inserted${there}`
}
