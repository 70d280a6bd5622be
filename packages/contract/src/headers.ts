/** Header names, lower case. */
export const headers = {
  requestId: 'x-request-id',
  apiKey: 'x-api-key',
  idempotencyKey: 'idempotency-key',
  /** Milliseconds that the sender will wait; never longer than `requestTimeoutMsMax`. */
  timeoutMs: 'x-hypermesh-timeout-ms',
  /** Internal: who makes the request. Dropped from every request that comes from outside. */
  principal: 'x-hypermesh-principal',
  /** Of a statement: what it can be stopped by. The sender may choose it. */
  queryId: 'x-hypermesh-query-id',
  /** Internal, of the catalog: the URIs that the warehouse had, that of today last. */
  warehouse: 'x-hypermesh-warehouse',
  snapshots: 'x-hypermesh-snapshots',
  elapsedMs: 'x-hypermesh-elapsed-ms',
  rows: 'x-hypermesh-rows',
  truncated: 'x-hypermesh-truncated',
  filesPlanned: 'x-hypermesh-files-planned',
  filesPruned: 'x-hypermesh-files-pruned',
  bytesPlanned: 'x-hypermesh-bytes-planned',
  bytesPruned: 'x-hypermesh-bytes-pruned',
  /** Where the next page of a result is; absent after the last. */
  next: 'x-hypermesh-next',
  totalRows: 'x-hypermesh-total-rows',
  deleteFiles: 'x-hypermesh-delete-files',
} as const
