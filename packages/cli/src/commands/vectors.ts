import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import type { HyperMeshClient } from '@hypermesh/client'
import {
  type VectorEmbedding,
  type VectorFieldType,
  type VectorHit,
  type VectorPoint,
  type VectorPointId,
  vectorFieldTypes,
  vectorMetrics,
  vectorSearchModes,
  vectorStorages,
} from '@hypermesh/contract'
import { batchesOf } from '../batches.ts'
import { oneLine } from '../cell-text.ts'
import type { CommandContext } from '../command-context.ts'
import { UsageError } from '../failure.ts'
import { parseVector, readCsvPoints, readNdjsonPoints } from '../point-lines.ts'
import { formatBytes, formatCount, formatDuration, formatPlural } from '../quantities.ts'
import { printTable } from '../table-print.ts'

export interface CreateFlags {
  readonly dimension?: string
  readonly metric: string
  readonly storage?: string
  readonly field: readonly string[]
  readonly embed?: string
  readonly provider?: string
}

export interface AddFlags {
  readonly format?: string
  readonly id: string
  readonly vector: string
}

export interface SearchFlags {
  readonly vector?: string
  readonly text?: string
  readonly mode?: string
  readonly like?: readonly string[]
  readonly k: string
  readonly ef?: string
  readonly filter?: string
}

export async function runVectorsList(context: CommandContext): Promise<void> {
  const { terminal, json, signal, connect } = context
  const { indexes } = await (await connect()).client.listVectorIndexes({ signal })
  if (json) return terminal.print(JSON.stringify(indexes))
  if (indexes.length === 0) return terminal.print('no vector indexes')
  const number = (value: number | undefined) => (value === undefined ? '' : formatCount(value))
  printTable(
    terminal,
    [
      { name: 'index' },
      { name: 'state' },
      { name: 'points', right: true },
      { name: 'dimension', right: true },
      { name: 'metric' },
      { name: 'storage' },
    ],
    indexes.map(({ index, state, points, dimension, metric, storage }) => {
      return [index, state, number(points), number(dimension), metric ?? '', storage ?? '']
    }),
  )
  for (const { index, problem } of indexes) {
    if (problem !== undefined) terminal.note(`${index}: ${oneLine(problem)}`)
  }
}

export async function runVectorsCreate(
  { terminal, json, signal, connect }: CommandContext,
  name: string,
  flags: CreateFlags,
): Promise<void> {
  const { embed, provider, dimension: count } = flags
  if (embed === undefined && (count === undefined || provider !== undefined)) {
    throw new UsageError(`give ${provider === undefined ? '--dimension, or ' : ''}--embed FIELD`)
  }
  const request = {
    ...(count === undefined ? {} : { dimension: parseCount(count, '--dimension') }),
    ...(embed === undefined ? {} : { embedding: { field: embed, ...(provider && { provider }) } }),
    metric: choose(flags.metric, vectorMetrics, '--metric'),
    ...(flags.storage === undefined
      ? {}
      : { storage: choose(flags.storage, vectorStorages, '--storage') }),
    fields: Object.fromEntries(flags.field.map(parseField)),
  }
  const { client } = await connect()
  const created = await client.createVectorIndex(name, request, { signal })
  if (json) return terminal.print(JSON.stringify(created))
  const { index, dimension, metric, storage, embedding } = created
  terminal.print(`${index}: dimension ${dimension}, ${metric}, ${storage}`)
  if (embedding !== undefined) terminal.print(embeddingText(embedding))
}

function embeddingText({ field, model, provider }: VectorEmbedding): string {
  return `vectors of ${oneLine(field)} by ${oneLine(model)} (${provider})`
}

export async function runVectorsShow(context: CommandContext, name: string): Promise<void> {
  const { terminal, json, signal, connect } = context
  const stats = await (await connect()).client.vectorStats(name, { signal })
  if (json) return terminal.print(JSON.stringify(stats))
  const { points, deadSlots, memoryBytes, fileBytes, logBytes } = stats
  terminal.print(`${stats.index}: ${stats.state}, ${formatPlural(points, 'point')}`)
  if (stats.problem !== undefined) terminal.print(oneLine(stats.problem))
  terminal.print(`dimension ${stats.dimension}, ${stats.metric}, ${stats.storage}`)
  if (stats.embedding !== undefined) terminal.print(embeddingText(stats.embedding))
  terminal.print(`memory ${formatBytes(memoryBytes)}, dead slots ${formatCount(deadSlots)}`)
  terminal.print(`file ${formatBytes(fileBytes)}, log ${formatBytes(logBytes)}`)
  if (stats.knownFields.length === 0) return
  printTable(
    terminal,
    [{ name: 'field' }, { name: 'types' }, { name: 'points', right: true }],
    stats.knownFields.map(({ field, types, points: count }) => {
      return [oneLine(field), types.join(', '), formatCount(count)]
    }),
  )
}

const batchPointsMax = 500

/** Writes the points of a file in batches, each of which lands as a whole. */
export async function runVectorsAdd(
  context: CommandContext,
  name: string,
  target: { readonly file: string } & AddFlags,
): Promise<void> {
  const { terminal, json, signal, connect } = context
  const { client } = await connect()
  const startedAtMs = performance.now()
  let [added, updated] = [0, 0]
  for await (const points of batchesOf(pointsOf(context, target), batchPointsMax)) {
    const reply = await client.writePoints(name, { points }, { signal })
    added += reply.added
    updated += reply.updated
  }
  if (json) return terminal.print(JSON.stringify({ added, updated }))
  const took = formatDuration(performance.now() - startedAtMs)
  terminal.print(
    `${formatPlural(added, 'point')} added, ${formatCount(updated)} updated in ${took}`,
  )
}

function pointsOf(
  { terminal }: CommandContext,
  { file, format, ...names }: { readonly file: string } & AddFlags,
): AsyncGenerator<VectorPoint, void, void> {
  const source: Readable = file === '-' ? terminal.stdin : createReadStream(file)
  const kind = format ?? (/\.csv$/i.test(file) ? 'csv' : 'ndjson')
  if (kind === 'csv') return readCsvPoints(source, names)
  if (kind === 'ndjson') return readNdjsonPoints(source, names)
  throw new UsageError(`no format "${kind}"; the formats are ndjson, csv`)
}

export async function runVectorsSearch(
  context: CommandContext,
  name: string,
  flags: SearchFlags,
): Promise<void> {
  const { client } = await context.connect()
  const hits = await findHits({ client, signal: context.signal }, name, flags)
  printHits(context, hits)
}

async function findHits(
  { client, signal }: { client: HyperMeshClient; signal: AbortSignal },
  name: string,
  { vector, text, mode, like = [], k, ef, filter }: SearchFlags,
): Promise<readonly VectorHit[]> {
  const ranking = {
    k: parseCount(k, '-k'),
    ...(ef === undefined ? {} : { ef: parseCount(ef, '--ef') }),
    ...(filter === undefined ? {} : { filter: parseFilter(filter) }),
  }
  const given = [vector, text, like.length > 0 ? like : undefined]
  if (given.filter((query) => query !== undefined).length !== 1) {
    throw new UsageError('give --vector, --text or --like, one of them')
  }
  if (mode !== undefined && text === undefined) throw new UsageError('--mode is of a --text')
  const options = { signal }
  if (text !== undefined) {
    const told = mode === undefined ? {} : { mode: choose(mode, vectorSearchModes, '--mode') }
    return (await client.searchVectors(name, { text, ...told, ...ranking }, options)).hits ?? []
  }
  if (vector !== undefined) {
    const request = { vector: parseVector(vector), ...ranking }
    return (await client.searchVectors(name, request, options)).hits ?? []
  }
  const positive = like.map(parseId)
  return (await client.recommendVectors(name, { positive, ...ranking }, options)).hits
}

function printHits({ terminal, json }: CommandContext, hits: readonly VectorHit[]): void {
  if (json || hits.length === 0) {
    terminal.print(json ? JSON.stringify(hits) : 'nothing found')
    return
  }
  printTable(
    terminal,
    [{ name: 'id' }, { name: 'score', right: true }, { name: 'metadata' }],
    hits.map(({ id, score, metadata }) => [
      oneLine(String(id)),
      score.toFixed(4),
      oneLine(JSON.stringify(metadata ?? {})),
    ]),
  )
}

export async function runVectorsGet(
  { terminal, signal, connect }: CommandContext,
  name: string,
  id: string,
): Promise<void> {
  const { client } = await connect()
  const point = await client.getPoint(name, id, { withVector: true, signal })
  terminal.print(JSON.stringify(point))
}

export async function runVectorsRemove(
  { terminal, json, signal, connect }: CommandContext,
  name: string,
  { ids, filter }: { readonly ids: readonly string[]; readonly filter?: string },
): Promise<void> {
  if ((filter === undefined) === (ids.length === 0)) {
    throw new UsageError('give ids or --filter, one of them')
  }
  const { client } = await connect()
  const what = filter === undefined ? { ids: ids.map(parseId) } : { filter: parseFilter(filter) }
  const { deleted } = await client.deletePoints(name, what, { signal })
  terminal.print(json ? JSON.stringify({ deleted }) : `${formatPlural(deleted, 'point')} deleted`)
}

function parseFilter(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // Told below.
  }
  throw new UsageError(`--filter ${text}: write it as JSON, e.g. '{"colour": "red"}'`)
}

/** Digits are a number, as in the path of a point. */
function parseId(text: string): VectorPointId {
  return /^(0|[1-9]\d{0,15})$/.test(text) && Number.isSafeInteger(Number(text))
    ? Number(text)
    : text
}

function parseCount(text: string, flag: string): number {
  const number = Number(text)
  if (Number.isSafeInteger(number) && number > 0) return number
  throw new UsageError(`${flag} ${text}: it must be a whole number above 0`)
}

function parseField(text: string): [string, VectorFieldType] {
  const at = text.lastIndexOf('=')
  if (at < 1)
    throw new UsageError(`--field ${text}: write it as NAME=TYPE, e.g. --field year=integer`)
  return [text.slice(0, at), choose(text.slice(at + 1), vectorFieldTypes, '--field')]
}

function choose<Value extends string>(text: string, values: readonly Value[], flag: string): Value {
  const found = values.find((value) => value === text)
  if (found !== undefined) return found
  throw new UsageError(`${flag}: no "${text}"; there are ${values.join(', ')}`)
}
