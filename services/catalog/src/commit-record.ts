/**
 * The records of the commit log, as they stand on disk. One record is one atomic change of the
 * catalog and may move several tables. Readers accept what they know and refuse the rest: a record
 * that cannot be understood must not be skipped.
 */
import { long } from '@hypermesh/contract'
import { z } from 'zod'

export const recordFormatVersion = 1

const properties = z.record(z.string(), z.string())

/** A table as the catalog knows it without opening its metadata. */
export const tableEntry = z.strictObject({
  namespace: z.string(),
  table: z.string(),
  uuid: z.string(),
  metadataLocation: z.string(),
  location: z.string(),
  snapshotId: long.nullable(),
  rows: z.number().int().nullable(),
  files: z.number().int().nullable(),
  bytes: z.number().int().nullable(),
  updatedAtMs: z.number().int(),
})
export type TableEntry = z.infer<typeof tableEntry>

/** A view as the catalog knows it without opening its metadata. */
export const viewEntry = z.strictObject({
  namespace: z.string(),
  view: z.string(),
  uuid: z.string(),
  metadataLocation: z.string(),
  location: z.string(),
  updatedAtMs: z.number().int(),
})
export type ViewEntry = z.infer<typeof viewEntry>

export const change = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('set-warehouse'), uri: z.string() }),
  z.strictObject({ kind: z.literal('put-namespace'), namespace: z.string(), properties }),
  z.strictObject({ kind: z.literal('drop-namespace'), namespace: z.string() }),
  z.strictObject({ kind: z.literal('put-table'), entry: tableEntry }),
  z.strictObject({ kind: z.literal('drop-table'), namespace: z.string(), table: z.string() }),
  z.strictObject({ kind: z.literal('put-view'), entry: viewEntry }),
  z.strictObject({ kind: z.literal('drop-view'), namespace: z.string(), view: z.string() }),
  /** This commit id will never be applied: its writer gave up on it. */
  z.strictObject({ kind: z.literal('abandon-commit'), commitId: z.string() }),
])
export type Change = z.infer<typeof change>

/** What a replay of the same commit id is answered with. */
export const commitResult = z.strictObject({
  table: z.string(),
  snapshotId: long,
  receipt: z.record(z.string(), z.unknown()).nullable(),
})
export type CommitResult = z.infer<typeof commitResult>

/** One of several commits that landed together: all in one snapshot, each with an answer of its own. */
export const groupedCommit = z.strictObject({
  commitId: z.string(),
  principal: z.string(),
  result: commitResult,
})
export type GroupedCommit = z.infer<typeof groupedCommit>

/**
 * What a request under an idempotency key was answered, so that the same request gets the same
 * answer. Tables and views are told as they stand at the replay, as the REST specification allows.
 */
export const storedAnswer = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('body'), status: z.number().int(), body: z.unknown() }),
  z.strictObject({
    kind: z.enum(['table', 'view']),
    namespace: z.string(),
    name: z.string(),
    uuid: z.string(),
    metadataLocation: z.string(),
  }),
  z.strictObject({
    kind: z.literal('error'),
    code: z.string(),
    message: z.string(),
    details: z.record(z.string(), z.unknown()).optional(),
  }),
])
export type StoredAnswer = z.infer<typeof storedAnswer>

export const answeredRequest = z.strictObject({
  key: z.string(),
  /** Of the request: the same key with another one is refused. */
  fingerprint: z.string(),
  answer: storedAnswer,
})
export type AnsweredRequest = z.infer<typeof answeredRequest>

export const commitRecord = z.strictObject({
  format: z.literal(recordFormatVersion),
  seq: z.number().int().min(1),
  commitId: z.string(),
  atMs: z.number().int(),
  principal: z.string(),
  changes: z.array(change),
  /** Present where a replay must be answered, see `append-files`. */
  result: commitResult.optional(),
  /** In place of `result`, where the record is the commit of several writers. */
  grouped: z.array(groupedCommit).optional(),
  answered: answeredRequest.optional(),
})
export type CommitRecord = z.infer<typeof commitRecord>
