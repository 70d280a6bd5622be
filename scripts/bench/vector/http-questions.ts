import type { SearchVectorsReply } from '@hypermesh/contract'
import { requestBytes } from '../http-lane.ts'
import type { HttpLanes, Question } from '../http-lanes.ts'
import type { BenchServer } from '../server.ts'
import { k } from './contender.ts'
import { queriesOf, type VectorData } from './dataset.ts'
import { ladder, recallOf } from './ladder.ts'
import { recallLeast } from './sets.ts'

const batchQueries = 100
const bytesType = 'application/octet-stream'

interface Terms {
  readonly set: VectorData
  readonly server: BenchServer
  readonly index: string
  readonly truth: readonly (readonly number[])[]
  readonly lanes: HttpLanes
}

/** Every query alone as JSON, and by hundreds as bytes; with the answers, whose recall is enough. */
export async function questionsOf(
  terms: Terms,
): Promise<{ readonly json: Question; readonly batch: Question }> {
  const { truth, lanes } = terms
  for (const ef of ladder) {
    const requests = jsonRequests(terms, ef)
    const answers = await lanes.askOnce(requests)
    const recall = recallOf(answers.map(idsOfJson), truth)
    if (recall < recallLeast) continue
    const batches = batchRequests(terms, ef)
    const batchAnswers = await lanes.askOnce(batches)
    const batchRecall = recallOf(batchAnswers.flatMap(idsOfBytes), truth)
    if (batchRecall < recallLeast) throw new Error(`in batches the recall is ${batchRecall}`)
    const recalls = `recall ${recall.toFixed(4)}, in batches ${batchRecall.toFixed(4)}`
    const bytes = (requests[0] as Buffer).length
    console.log(`through the gateway: ef ${ef}, ${recalls}; a request as JSON has ${bytes} bytes`)
    return {
      json: { requests, answers, queriesPerRequest: 1 },
      batch: { requests: batches, answers: batchAnswers, queriesPerRequest: batchQueries },
    }
  }
  throw new Error(`no effort finds ${recallLeast}`)
}

function jsonRequests({ set, server, index }: Terms, ef: number): Buffer[] {
  const target = { url: server.url, key: server.key, path: `/v1/vectors/${index}/search` }
  const type = 'application/json'
  return queriesOf(set).map((query) => {
    const body = Buffer.from(`{"vector":[${Array.from(query, shortest)}],"k":${k},"ef":${ef}}`)
    return requestBytes(target, { type, accept: type, body })
  })
}

/** As a number of single precision is written where that is known: JavaScript would give 17 digits. */
function shortest(value: number): string {
  for (let digits = 6; digits < 9; digits++) {
    const text = String(Number(value.toPrecision(digits)))
    if (Math.fround(Number(text)) === value) return text
  }
  return String(Number(value.toPrecision(9)))
}

function batchRequests({ set, server, index }: Terms, ef: number): Buffer[] {
  const path = `/v1/vectors/${index}/search?k=${k}&ef=${ef}`
  const target = { url: server.url, key: server.key, path }
  const { queries, queryCount, dimension } = set
  const bytes = Buffer.from(queries.buffer, queries.byteOffset, queries.byteLength)
  const batchBytes = batchQueries * dimension * 4
  return Array.from({ length: queryCount / batchQueries }, (_, batch) => {
    const body = bytes.subarray(batch * batchBytes, (batch + 1) * batchBytes)
    return requestBytes(target, { type: bytesType, accept: bytesType, body })
  })
}

function idsOfJson(body: Buffer): number[] {
  const { hits = [] } = JSON.parse(String(body)) as SearchVectorsReply
  return hits.map(({ id }) => Number(id))
}

/** See hit-bytes.ts of the service. */
function idsOfBytes(body: Buffer): number[][] {
  const rows = body.readUInt32LE(0)
  const idsAt = 8 + rows * 4
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: body.readUInt32LE(8 + row * 4) }, (__, at) =>
      Number(body.readBigUInt64LE(idsAt + (row * k + at) * 8)),
    ),
  )
}
