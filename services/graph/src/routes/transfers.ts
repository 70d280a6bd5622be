import {
  exportHyperedgesQuery,
  type GraphTransferFormat,
  HyperMeshError,
  headers,
  importHyperedgesQuery,
} from '@hypermesh/contract'
import {
  type ExportOptions,
  exportArrow,
  exportCsv,
  exportHif,
  exportNdjson,
  type ImportOptions,
  type ImportReport,
  importArrow,
  importCsv,
  importHif,
  importNdjson,
  type Table,
} from '@hypermesh/engine'
import { type App, readQuery, streamBody, type Visit } from '@hypermesh/kit'
import type { z } from 'zod'
import type { GraphDatabases } from '../graph-databases.ts'
import { toGraphError } from '../graph-error.ts'
import { assertRoles } from '../hyperedge-rows.ts'
import { textToAsOf, textToInstant } from '../instants.ts'
import { pieceStream } from '../piece-stream.ts'
import { mountGraphRoute, tableOf } from './requests.ts'

type ImportQuery = z.output<typeof importHyperedgesQuery>

const mediaTypes: Readonly<Record<GraphTransferFormat, string>> = {
  ndjson: 'application/x-ndjson',
  csv: 'text/csv; charset=utf-8',
  hif: 'application/json',
  arrow: 'application/vnd.apache.arrow.stream',
}
const exporters = { ndjson: exportNdjson, csv: exportCsv, hif: exportHif, arrow: exportArrow }

export function mountTransfers(app: App, databases: GraphDatabases): void {
  mountGraphRoute(app, 'importHyperedges', async (c) => {
    const { database, table } = await tableOf(c, databases)
    const query = readQuery(c, importHyperedgesQuery)
    const { schema } = table
    const declared = database.tables.declared(table.name)
    const check = (row: unknown) => assertRoles(row, { declared, schema })
    const { inserted, duplicates, commits } = await importBody(c, table, {
      query,
      wrote: () => database.compaction.wrote(),
      ...(declared.members.length === 0 ? {} : { check }),
    })
    return c.json({ inserted, duplicates, commits })
  })
  mountGraphRoute(app, 'exportHyperedges', async (c) => {
    const { table } = await tableOf(c, databases)
    const { format, from, to, as_of, time_unit } = readQuery(c, exportHyperedgesQuery)
    const { signal } = c.var
    const options: ExportOptions = {
      ...(from === undefined ? {} : { from: textToInstant(from, time_unit, 'from') }),
      ...(to === undefined ? {} : { to: textToInstant(to, time_unit, 'to') }),
      ...(as_of === undefined ? {} : { asOf: textToAsOf(as_of) }),
      signal,
    }
    const pieces = exporters[format](table, options)
    const body = await pieceStream(pieces, signal)
    return new Response(body, { headers: { 'content-type': mediaTypes[format] } })
  })
}

/** Each commit is whole; an error says how many hyperedges were committed before it. */
async function importBody(
  c: Visit,
  table: Table,
  {
    query,
    check,
    wrote,
  }: {
    readonly query: ImportQuery
    readonly check?: ImportOptions['check']
    readonly wrote: () => void
  },
): Promise<ImportReport> {
  const { signal, limits } = c.var
  // The document of this format is held in memory as a whole.
  const bound =
    query.format === 'hif'
      ? ({ bytesMax: limits.graphBodyBytesMax, limit: 'graph_body_bytes_max' } as const)
      : ({ bytesMax: limits.uploadBytesMax, limit: 'upload_bytes_max' } as const)
  const body = streamBody(c.req.raw, { ...bound, signal })
  const resumeKey = c.req.header(headers.idempotencyKey)
  let committed = 0
  const options: ImportOptions = {
    signal,
    ...(resumeKey === undefined ? {} : { resumeKey }),
    ...(check === undefined ? {} : { check }),
    onProgress: (rows) => {
      committed = rows
      wrote()
    },
  }
  try {
    return await importAs(query, table, { body, options })
  } catch (thrown) {
    const error = toGraphError(thrown)
    if (committed === 0 || !(error instanceof HyperMeshError)) throw error
    throw new HyperMeshError(error.code, error.message, {
      details: { ...error.details, committed },
      effect: 'committed',
      cause: error,
    })
  }
}

function importAs(
  query: ImportQuery,
  table: Table,
  source: { readonly body: AsyncIterable<Uint8Array>; readonly options: ImportOptions },
): Promise<ImportReport> {
  const { body, options } = source
  if (query.format === 'ndjson') return importNdjson(table, body, options)
  if (query.format === 'arrow') return importArrow(table, body, options)
  if (query.format === 'csv') {
    return importCsv(table, body, { ...options, integerNodes: query.integer_nodes === 'true' })
  }
  const { default_at: at } = query
  return importHif(table, body, {
    ...options,
    dropUnknown: query.drop_unknown === 'true',
    ...(at === undefined ? {} : { defaultAt: textToInstant(at, 'ms', 'default_at') }),
  })
}
