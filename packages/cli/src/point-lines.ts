import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { HyperMeshError, type VectorPoint } from '@hypermesh/contract'
import { CsvRecords } from './csv-records.ts'

export interface PointNames {
  /** Which key or column has the id, and which the vector. */
  readonly id: string
  readonly vector: string
}

/** Points of NDJSON: `{"id": …, "vector": […], …}`; what else a line has is metadata. */
export async function* readNdjsonPoints(
  source: Readable,
  names: PointNames,
): AsyncGenerator<VectorPoint, void, void> {
  let lineNumber = 0
  for await (const line of createInterface({
    input: source,
    crlfDelay: Number.POSITIVE_INFINITY,
  })) {
    lineNumber += 1
    if (line.trim() === '') continue
    yield toPoint(parseObject(line, lineNumber), names, `line ${lineNumber}`)
  }
}

/** Points of CSV with a header; the vector is text: `[0.1, 0.2]`, or numbers between spaces. */
export async function* readCsvPoints(
  source: Readable,
  names: PointNames,
): AsyncGenerator<VectorPoint, void, void> {
  let header: readonly string[] | undefined
  let recordNumber = 0
  for await (const fields of csvRecords(source)) {
    recordNumber += 1
    if (header === undefined) {
      header = fields
      continue
    }
    const record: Record<string, unknown> = {}
    for (const [index, name] of header.entries()) {
      const text = fields[index] ?? ''
      if (name === names.vector) record[name] = parseVector(text, recordNumber)
      else if (text !== '') record[name] = parseScalar(text)
    }
    yield toPoint(record, names, `record ${recordNumber}`)
  }
}

function toPoint(
  record: Readonly<Record<string, unknown>>,
  names: PointNames,
  where: string,
): VectorPoint {
  const { [names.id]: id, [names.vector]: vector, metadata, ...rest } = record
  if (typeof id !== 'string' && typeof id !== 'number') {
    throw new HyperMeshError('invalid', `${where} has no id in "${names.id}"`)
  }
  const given = typeof metadata === 'object' && metadata !== null ? metadata : {}
  const all = { ...rest, ...given }
  const isBare = metadata === undefined && Object.keys(rest).length === 0
  return {
    id,
    // The server checks what is in it.
    ...(Array.isArray(vector) ? { vector: vector as number[] } : {}),
    ...(isBare ? {} : { metadata: all }),
  }
}

function parseObject(line: string, lineNumber: number): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>
    }
  } catch {
    // Told below.
  }
  throw new HyperMeshError('invalid', `line ${lineNumber} is no JSON object`)
}

export function parseVector(text: string, recordNumber?: number): number[] {
  const parts = text
    .trim()
    .replace(/^\[/, '')
    .replace(/\]$/, '')
    .split(/[\s,]+/)
  const numbers = parts.filter((part) => part !== '').map(Number)
  if (numbers.length > 0 && numbers.every(Number.isFinite)) return numbers
  const where = recordNumber === undefined ? '' : `record ${recordNumber}: `
  throw new HyperMeshError(
    'invalid',
    `${where}"${text.slice(0, 40)}" is no vector; write [0.1, 0.2]`,
  )
}

/** A number or a truth value where the text is exactly one. */
function parseScalar(text: string): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true'
  const number = Number(text)
  return text.trim() === text && String(number) === text ? number : text
}

async function* csvRecords(source: Readable): AsyncGenerator<string[], void, void> {
  const records = new CsvRecords()
  for await (const text of source.setEncoding('utf8')) yield* records.push(String(text))
  const last = records.end()
  if (last !== undefined) yield last
}
