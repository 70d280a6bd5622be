import { mkdirSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createClient, type HyperMeshClient } from '@hypermesh/client'
import {
  type DataFileEntry,
  type IcebergSchema,
  type Limits,
  parseJson,
  type Role,
  stringifyJson,
} from '@hypermesh/contract'
import { createLogger, defaultLimits, type Fetch, Metrics, systemClock } from '@hypermesh/kit'
import { openDataDirectory } from '@hypermesh/object-store'
import { catalog } from '../src/index.ts'

export const schema: IcebergSchema = {
  type: 'struct',
  fields: [
    { id: 1, name: 'id', type: 'long', required: false },
    { id: 2, name: 'name', type: 'string', required: false },
  ],
}

export interface RawReply {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: the tests say what they expect of it.
  readonly body: any
}

/** One process's catalog on a directory, reached through its fetch. */
export interface OpenCatalog extends AsyncDisposable {
  readonly root: string
  readonly client: HyperMeshClient
  readonly fetch: Fetch
  as(role: Role): HyperMeshClient
  /** A request of the Iceberg protocol as its bytes go: the path begins after `/iceberg/v1`. */
  send(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<RawReply>
  /** A file of some bytes in the table's directory: the catalog looks only at its size. */
  dataFile(table: string, name: string, rows: number): Promise<DataFileEntry>
}

export async function openCatalog(
  root: string,
  options: {
    readonly checkpointEvery?: number
    readonly limits?: Partial<Limits>
    /** So many appends land together, exactly: the window is long. */
    readonly groupsOf?: number
  } = {},
): Promise<OpenCatalog> {
  const directory = await openDataDirectory(root)
  const service = await catalog.create(
    catalog.config.parse({
      ...(options.checkpointEvery === undefined
        ? {}
        : { checkpointEvery: options.checkpointEvery }),
      ...(options.groupsOf === undefined
        ? {}
        : { groupCommitMs: 60_000, groupCommitAppendsMax: options.groupsOf }),
    }),
    {
      logger: createLogger('silent'),
      clock: systemClock,
      limits: { ...defaultLimits, ...options.limits },
      paths: directory,
      metrics: new Metrics(),
      upstreams: {},
      version: 'test',
    },
  )
  await directory.removeAbandoned()
  const as = (role: Role) =>
    createClient({
      url: 'http://catalog',
      fetch: async (request: Request) =>
        service.fetch(request, {
          principal: { keyId: role, name: role, role },
          signal: request.signal,
          requestId: 'test',
        }),
    })
  return {
    root,
    client: as('writer'),
    fetch: service.fetch,
    as,
    async send(method, path, body, headers = {}) {
      const request = new Request(`http://catalog/iceberg/v1${path}`, {
        method,
        headers: { 'content-type': 'application/json', ...headers },
        ...(body === undefined ? {} : { body: stringifyJson(body) }),
      })
      const principal = { keyId: 'k', name: 'k', role: 'writer' } as const
      const reply = await service.fetch(request, {
        principal,
        signal: request.signal,
        requestId: 'test',
      })
      const text = await reply.text()
      const { status } = reply
      // What tests look into is up to them.
      return { status, headers: reply.headers, text, body: text === '' ? null : parseJson(text) }
    },
    async dataFile(table, name, rows) {
      const path = join(directory.root, 'warehouse', ...table.split('.'), 'data', `${name}.parquet`)
      mkdirSync(dirname(path), { recursive: true })
      await writeFile(path, 'PAR1')
      const none = { columnBytes: {}, valueCounts: {}, nullCounts: {}, nanCounts: {} }
      return {
        path: `file://${path}`,
        recordCount: rows,
        fileBytes: 4,
        ...none,
        lowerBounds: {},
        upperBounds: {},
      }
    },
    async [Symbol.asyncDispose]() {
      await service[Symbol.asyncDispose]()
      await directory[Symbol.asyncDispose]()
    },
  }
}

export async function withDirectory(body: (root: string) => Promise<void>): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'hypermesh-catalog-'))
  try {
    await body(root)
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}
