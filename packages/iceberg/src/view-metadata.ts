import {
  type CreateViewRequest,
  HyperMeshError,
  printable,
  type ViewMetadata,
  type ViewRequirement,
  type ViewUpdate,
  type ViewVersion,
} from '@hypermesh/contract'
import { fieldsById, isSameSchema, schemaIdOf } from './schema.ts'

export interface NewView {
  readonly uuid: string
  readonly location: string
}

/** The first metadata of a view (view specification, version 1). */
export function createViewMetadata(request: CreateViewRequest, view: NewView): ViewMetadata {
  const empty: ViewMetadata = {
    'view-uuid': view.uuid,
    'format-version': 1,
    location: view.location,
    'current-version-id': -1,
    versions: [],
    'version-log': [],
    schemas: [],
    properties: {},
  }
  return applyViewUpdates(empty, [
    { action: 'set-properties', updates: request.properties ?? {} },
    { action: 'add-schema', schema: request.schema },
    { action: 'add-view-version', 'view-version': { ...request['view-version'], 'schema-id': -1 } },
    { action: 'set-current-view-version', 'view-version-id': -1 },
  ])
}

/** Throws `conflict` when the view is not the one that a writer planned its commit on. */
export function checkViewRequirements(
  metadata: ViewMetadata,
  requirements: readonly ViewRequirement[],
): void {
  for (const { uuid } of requirements) {
    if (uuid.toLowerCase() === metadata['view-uuid'].toLowerCase()) continue
    throw new HyperMeshError(
      'conflict',
      `requirement failed: view uuid is ${metadata['view-uuid']}, expected ${printable(uuid)}`,
      { details: { requirement: 'assert-view-uuid' } },
    )
  }
}

/** Applies the updates of one commit; the input is returned itself when nothing changes. */
export function applyViewUpdates(
  metadata: ViewMetadata,
  updates: readonly ViewUpdate[],
): ViewMetadata {
  const draft = new ViewDraft(metadata)
  for (const update of updates) draft.apply(update)
  return draft.seal()
}

const historyDefault = 10

class ViewDraft {
  readonly #before: ViewMetadata
  #next: ViewMetadata
  #lastSchemaId: number | undefined
  #lastVersionId: number | undefined

  constructor(before: ViewMetadata) {
    this.#before = before
    this.#next = before
  }

  apply(update: ViewUpdate): void {
    switch (update.action) {
      case 'assign-uuid':
        if (update.uuid.toLowerCase() === this.#next['view-uuid'].toLowerCase()) break
        throw new HyperMeshError('invalid', 'the uuid of a view cannot be changed')
      case 'upgrade-format-version':
        assertViewFormat(update['format-version'])
        break
      case 'add-schema':
        this.#addSchema(update.schema)
        break
      case 'set-location':
        this.#set({ location: update.location.replace(/\/+$/, '') })
        break
      case 'set-properties':
        this.#setProperties({ ...this.#next.properties, ...update.updates })
        break
      case 'remove-properties':
        this.#setProperties(without(this.#next.properties ?? {}, update.removals))
        break
      case 'add-view-version':
        this.#addVersion(update['view-version'])
        break
      case 'set-current-view-version':
        this.#setCurrent(update['view-version-id'])
        break
    }
  }

  seal(): ViewMetadata {
    const next = this.#next
    if (JSON.stringify(next) === JSON.stringify(this.#before)) return this.#before
    const current = assertViewWhole(next)
    assertDialectsKept(this.#before, next, current)
    return trimmed(next)
  }

  #addSchema(schema: ViewMetadata['schemas'][number]): void {
    // Ids of a view's columns name nothing outside of it; they only must be told apart.
    fieldsById(schema)
    const { schemas } = this.#next
    const same = schemas.find((held) => isSameSchema(held, schema))
    const id = same ? schemaIdOf(same) : Math.max(-1, ...schemas.map(schemaIdOf)) + 1
    this.#lastSchemaId = id
    if (same === undefined) this.#set({ schemas: [...schemas, { ...schema, 'schema-id': id }] })
  }

  #addVersion(sent: ViewVersion): void {
    assertRepresentations(sent)
    const schemaId = sent['schema-id'] === -1 ? this.#lastSchemaId : sent['schema-id']
    if (!this.#next.schemas.some((schema) => schemaIdOf(schema) === schemaId)) {
      throw new HyperMeshError('invalid', `the view has no schema with id ${schemaId ?? -1}`)
    }
    const version = { ...sent, 'schema-id': schemaId ?? 0 }
    const { versions } = this.#next
    const same = versions.find((held) => contentOf(held) === contentOf(version))
    const highest = Math.max(0, ...versions.map((held) => held['version-id']))
    // Ids of versions that have been dropped must not come back.
    const id = same?.['version-id'] ?? Math.max(version['version-id'], highest + 1)
    this.#lastVersionId = id
    if (same === undefined) {
      this.#set({ versions: [...versions, { ...version, 'version-id': id }] })
    }
  }

  #setCurrent(sentId: number): void {
    const id = sentId === -1 ? this.#lastVersionId : sentId
    const version = id === undefined ? undefined : versionOf(this.#next, id)
    if (version === undefined) {
      throw new HyperMeshError('invalid', `the view has no version with id ${id ?? sentId}`)
    }
    const versionId = version['version-id']
    if (versionId === this.#next['current-version-id']) return
    const log = this.#next['version-log']
    // A clock that went back must not unsort the log.
    const timestampMs = Math.max(version['timestamp-ms'], log.at(-1)?.['timestamp-ms'] ?? 0)
    this.#set({
      'current-version-id': versionId,
      'version-log': [...log, { 'version-id': versionId, 'timestamp-ms': timestampMs }],
    })
  }

  #setProperties(properties: Record<string, string>): void {
    const bad = Object.keys(properties).find((name) => name === '' || name === '__proto__')
    if (bad !== undefined) throw new HyperMeshError('invalid', 'a property needs a name')
    this.#set({ properties })
  }

  #set(changed: Partial<ViewMetadata>): void {
    this.#next = { ...this.#next, ...changed }
  }
}

/** The current version; throws `invalid` where there is none. */
export function assertViewWhole(metadata: ViewMetadata): ViewVersion {
  const current = versionOf(metadata, metadata['current-version-id'])
  if (current !== undefined) return current
  throw new HyperMeshError('invalid', 'a view needs a current version')
}

/** Throws `unsupported` for every view format but 1. */
export function assertViewFormat(version: number): void {
  if (version === 1) return
  throw new HyperMeshError('unsupported', `view format ${version} is not kept here; use 1`)
}

function assertRepresentations({ representations }: ViewVersion): void {
  const dialects = representations.map(({ type, sql, dialect }) => {
    if (type !== 'sql') return printable(type)
    if (sql !== undefined && sql !== '' && dialect !== undefined && dialect !== '') {
      return dialect.toLowerCase()
    }
    throw new HyperMeshError('invalid', 'a representation in SQL needs its sql and its dialect')
  })
  if (dialects.length === 0) {
    throw new HyperMeshError('invalid', 'a view version needs a representation')
  }
  if (new Set(dialects).size !== dialects.length) {
    throw new HyperMeshError('invalid', 'a view version has one representation a dialect')
  }
}

/** An engine whose dialect vanished could not read the view any more. */
function assertDialectsKept(before: ViewMetadata, next: ViewMetadata, current: ViewVersion): void {
  if (next.properties?.['replace.drop-dialect.allowed'] === 'true') return
  const previous = versionOf(before, before['current-version-id'])
  const kept = new Set(dialectsOf(current))
  const lost = previous === undefined ? [] : dialectsOf(previous).filter((one) => !kept.has(one))
  if (lost.length === 0) return
  throw new HyperMeshError(
    'invalid',
    `the new version drops the dialect ${lost.join(', ')}; set replace.drop-dialect.allowed to allow it`,
  )
}

function dialectsOf({ representations }: ViewVersion): string[] {
  return representations.flatMap(({ dialect }) => dialect?.toLowerCase() ?? [])
}

/** The newest versions, and of the log what follows the last one that is gone. */
function trimmed(metadata: ViewMetadata): ViewMetadata {
  const wanted = Number(metadata.properties?.['version.history.num-entries'] ?? historyDefault)
  const most = Number.isInteger(wanted) && wanted > 0 ? wanted : historyDefault
  if (metadata.versions.length <= most) return metadata
  const currentId = metadata['current-version-id']
  const newest = [...metadata.versions].sort((a, b) => b['version-id'] - a['version-id'])
  const others = newest.filter((version) => version['version-id'] !== currentId)
  const kept = new Set(others.slice(0, most - 1).map((version) => version['version-id']))
  kept.add(currentId)
  const log = metadata['version-log']
  const gap = log.findLastIndex((entry) => !kept.has(entry['version-id']))
  return {
    ...metadata,
    versions: metadata.versions.filter((version) => kept.has(version['version-id'])),
    'version-log': log.slice(gap + 1),
  }
}

function versionOf(metadata: ViewMetadata, id: number): ViewVersion | undefined {
  return metadata.versions.find((version) => version['version-id'] === id)
}

/** What makes two versions the same view: not their numbers or times. */
function contentOf(version: ViewVersion): string {
  const { 'version-id': _id, 'timestamp-ms': _time, ...content } = version
  return JSON.stringify(content, Object.keys(content).sort().concat(keysBelow(content)))
}

function keysBelow(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(keysBelow)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => [key, ...keysBelow(inner)])
}

function without(
  properties: Readonly<Record<string, string>>,
  removals: readonly string[],
): Record<string, string> {
  return Object.fromEntries(Object.entries(properties).filter(([name]) => !removals.includes(name)))
}
