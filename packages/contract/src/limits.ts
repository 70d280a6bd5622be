import { z } from 'zod'

const count = (value: number, max: number, text: string) =>
  z.number().int().min(1).max(max).default(value).describe(text)

const kib = 1024
const mib = 1024 * kib
const gib = 1024 * mib

/** Every bound of the platform: name with unit, default, greatest value allowed. `[limits]`. */
export const limits = z.strictObject({
  jsonBodyBytesMax: count(8 * mib, gib, 'largest JSON request body, in bytes'),
  uploadBytesMax: count(64 * gib, 1024 * gib, 'largest upload to /v1/ingest, in bytes'),
  unpackedBytesMax: count(16 * gib, 1024 * gib, 'largest packed file once unpacked, in bytes'),
  arrowBatchBytesMax: count(gib, 16 * gib, 'largest record batch of an Arrow file, in bytes'),
  objectBytesMax: count(16 * gib, 1024 * gib, 'largest object at /v1/objects, in bytes'),
  objectKeyBytesMax: count(1024, 4096, 'longest object key, in bytes of UTF-8'),
  objectListMax: count(1000, 10_000, 'most keys in one page of a list'),
  requestsInFlightMax: count(256, 65_536, 'requests served at once; above it 503'),
  requestTimeoutMs: count(30_000, 3_600_000, 'deadline of a request without one of its own'),
  ingestTimeoutMs: count(3_600_000, 86_400_000, 'deadline of an ingest request'),
  requestTimeoutMsMax: count(600_000, 86_400_000, 'longest deadline that a request may ask for'),
  sqlBytesMax: count(256 * kib, 8 * mib, 'longest SQL statement, in bytes'),
  sqlParametersMax: count(1000, 65_535, 'most bound parameters of a statement'),
  sqlRowsMax: count(1_000_000, 1_000_000_000, 'rows of a JSON reply before it is cut'),
  sqlBytesResultMax: count(256 * mib, 64 * gib, 'bytes of a JSON reply before it is cut'),
  sqlStreamBytesMax: count(16 * gib, 1024 * gib, 'bytes of a streamed reply before it is aborted'),
  sqlHeldBytesMax: count(4 * mib, 256 * mib, 'bytes of a reply held back to state its totals'),
  sqlConcurrencyMax: count(8, 256, 'statements running at once; further ones wait'),
  sqlQueueMax: count(256, 65_536, 'statements waiting; above it 503'),
  sqlSpillBytesMax: count(
    16 * gib,
    1024 * gib,
    'bytes of paged results kept, oldest dropped first',
  ),
  sqlSpillsMax: count(100, 10_000, 'paged results kept, least recently used dropped first'),
  sqlSpillMs: count(600_000, 86_400_000, 'how long a paged result is kept after its last use'),
  savedQueriesMax: count(1000, 100_000, 'most saved queries'),
  virtualTablesMax: count(1000, 100_000, 'most virtual tables'),
  virtualFilesMax: count(10_000, 1_000_000, 'most files of one virtual table'),
  ingestConcurrencyMax: count(2, 64, 'loads running at once; further ones wait'),
  ingestQueueMax: count(64, 65_536, 'loads waiting; above it 503'),
  jobsMax: count(1000, 100_000, 'jobs that wait, run or are parked; above it 503'),
  jobBytesMax: count(256 * gib, 1024 * 1024 * gib, 'bytes of the files of all such jobs'),
  jobConcurrencyMax: count(1, 64, 'jobs running at once, each among the loads'),
  jobAttemptsMax: count(5, 15, 'attempts before a job that fails is parked'),
  jobInterruptionsMax: count(3, 15, 'times a job may end its process before it is parked'),
  jobRetryMs: count(1000, 3_600_000, 'pause before the second attempt; it doubles each time'),
  jobRetryMsMax: count(300_000, 86_400_000, 'longest pause between two attempts'),
  jobWaitMsMax: count(25_000, 3_600_000, 'longest that one request waits for a job'),
  jobListMax: count(1000, 10_000, 'most jobs in one page of a list'),
  jobsEndedMax: count(1000, 100_000, 'ended jobs kept; the oldest go first'),
  jobHours: count(168, 8760, 'hours that an ended job is kept'),
  columnsMax: count(10_000, 100_000, 'most columns of a table'),
  textColumnsMax: count(4000, 100_000, 'most columns of a CSV, TSV or JSON file'),
  namespacesMax: count(10_000, 1_000_000, 'most namespaces'),
  tablesMax: count(100_000, 1_000_000, 'most tables and views'),
  propertiesMax: count(1000, 100_000, 'most properties of a namespace or table'),
  catalogPageMax: count(1000, 10_000, 'most names in one page of a catalog list'),
  commitFilesMax: count(10_000, 1_000_000, 'most data files in one commit'),
  transactionTablesMax: count(100, 10_000, 'most tables in one commit'),
  commitRetriesMax: count(100, 10_000, 'times a commit is re-based before 409'),
  idempotencyKeysMax: count(10_000, 1_000_000, 'answered commits, and keys, kept for replay'),
  idempotencyHours: count(24, 720, 'hours that a commit receipt is kept for replay'),
  manifestCacheBytesMax: count(256 * mib, 16 * gib, 'decoded manifests kept in memory, in bytes'),
  fileSchemasMax: count(100_000, 10_000_000, 'parquet files whose columns are kept in memory'),
  keysMax: count(10_000, 1_000_000, 'most API keys'),
  ratePerSecond: count(2000, 1_000_000, 'requests per second of one key, on average'),
  rateBurst: count(4000, 1_000_000, 'requests of one key in a burst'),
  authFailuresPerSecond: count(10, 1_000_000, 'failed keys of one address a second, on average'),
  authFailuresBurst: count(1000, 1_000_000, 'failed keys of one address in a burst; above it 429'),
  addressesTrackedMax: count(10_000, 1_000_000, 'addresses whose failed keys are counted'),
  connectionsMax: count(4096, 1_000_000, 'open connections; a further one is closed at once'),
  headersTimeoutMs: count(10_000, 600_000, 'how long a client may take to send its headers'),
  keepAliveMs: count(60_000, 3_600_000, 'how long an idle connection is kept open'),
  shutdownMs: count(10_000, 600_000, 'how long open requests may take to end at a stop'),
})

export type Limits = z.infer<typeof limits>
