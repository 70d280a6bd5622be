import {
  commitTableRequest,
  commitTransactionRequest,
  createTableRequest,
  type LoadTableReply,
  metricsReport,
  pageQuery,
  parseJson,
  registerRequest,
  renameRequest,
  routes,
  type TableMetadata,
} from '@hypermesh/contract'
import { type App, mountRoute, readJson, readQuery } from '@hypermesh/kit'
import { json } from '../answers.ts'
import type { CatalogParts } from '../catalog-parts.ts'
import { etagOf, matchesEtag } from '../etag.ts'
import { toTableName } from '../table-commits.ts'
import { mountReplayable } from './replayable-route.ts'

export function mountTables(app: App, parts: CatalogParts): void {
  mountReading(app, parts)
  mountChanges(app, parts)
  mountCommits(app, parts)
}

function mountReading(app: App, { tables, reports }: CatalogParts): void {
  mountRoute(app, 'icebergTables', async (c) => {
    const { items, next } = await tables.list(param(c, 'namespace'), readQuery(c, pageQuery))
    const identifiers = items.map((entry) => ({ namespace: [entry.namespace], name: entry.table }))
    return c.json({ identifiers, 'next-page-token': next })
  })
  mountRoute(app, 'loadTable', async (c) => {
    const { snapshots: shown = 'all' } = readQuery(c, routes.loadTable.query)
    const reply = await tables.load(named(c))
    const etag = etagOf(reply['metadata-location'], shown)
    if (matchesEtag(c.req.header('if-none-match'), etag)) return c.body(null, 304, { etag })
    const metadata = shown === 'all' ? reply.metadata : withRefsOnly(reply.metadata)
    return json({ ...reply, metadata }, 200, { etag })
  })
  mountRoute(app, 'tableExists', async (c) => {
    await tables.entry(named(c))
    return c.body(null, 204)
  })
  mountRoute(app, 'reportMetrics', async (c) => {
    const report = await readJson(c, metricsReport, { parse: parseJson })
    await tables.entry(named(c))
    reports.inc({ type: reportTypes.has(report['report-type']) ? report['report-type'] : 'other' })
    return c.body(null, 204)
  })
}

const reportTypes: ReadonlySet<string> = new Set(['scan-report', 'commit-report'])

function mountChanges(app: App, parts: CatalogParts): void {
  const { tables } = parts
  mountReplayable(app, 'createTable', parts, async (c, caller) => {
    const body = await readJson(c, createTableRequest, { parse: parseJson })
    const reply = await tables.create(caller, param(c, 'namespace'), body)
    const location = reply['metadata-location']
    return json(reply, 200, location ? { etag: etagOf(location) } : {})
  })
  mountReplayable(app, 'registerTable', parts, async (c, caller) => {
    const body = await readJson(c, registerRequest)
    return tagged(await tables.register(caller, param(c, 'namespace'), body))
  })
  mountReplayable(app, 'renameTable', parts, async (c, caller) => {
    const { source, destination } = await readJson(c, renameRequest)
    await tables.rename(caller, toTableName(source), toTableName(destination))
    return c.body(null, 204)
  })
  mountReplayable(app, 'dropTable', parts, async (c, caller) => {
    const { purgeRequested } = readQuery(c, routes.dropTable.query)
    await tables.drop(caller, named(c), { purge: purgeRequested === 'true' })
    return c.body(null, 204)
  })
}

function mountCommits(app: App, parts: CatalogParts): void {
  const { commits } = parts
  mountReplayable(app, 'commitTable', parts, async (c, caller) => {
    const body = await readJson(c, commitTableRequest, { parse: parseJson })
    return tagged(await commits.commit(caller, named(c), body))
  })
  mountReplayable(app, 'commitTransaction', parts, async (c, caller) => {
    const body = await readJson(c, commitTransactionRequest, { parse: parseJson })
    await commits.commitAll(caller, body)
    return c.body(null, 204)
  })
}

function tagged(reply: LoadTableReply): Response {
  return json(reply, 200, { etag: etagOf(reply['metadata-location']) })
}

/** Only the snapshots that a branch or tag names; a client asks for the others when it needs them. */
function withRefsOnly(metadata: TableMetadata): TableMetadata {
  const named = new Set(Object.values(metadata.refs ?? {}).map((ref) => ref['snapshot-id']))
  const current = metadata['current-snapshot-id']
  if (current !== undefined && current !== null) named.add(current)
  const snapshots = (metadata.snapshots ?? []).filter((kept) => named.has(kept['snapshot-id']))
  return { ...metadata, snapshots }
}

interface WithParams {
  readonly req: { param(name: string): string | undefined }
}

function param(c: WithParams, name: string): string {
  return c.req.param(name) ?? ''
}

function named(c: WithParams) {
  return { namespace: param(c, 'namespace'), table: param(c, 'table') }
}
