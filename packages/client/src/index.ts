export { parseJson, stringifyJson } from '@hypermesh/contract'
export {
  createClient,
  createTableReader,
  type HyperMeshClient,
  type LoadRequest,
  type LoadTerms,
  type ObjectDownload,
  type ObjectRange,
  type PageQuery,
  type Reply,
  type TableReader,
  type TableReference,
  type TaggedTable,
} from './client.ts'
export type { NamedFile } from './form-body.ts'
export type { GraphTableReference } from './graph-client.ts'
export type { JobListQuery } from './job-client.ts'
export type { SqlStream, StreamFacts } from './result-stream.ts'
export type { CallOptions, ClientFetch, ClientOptions } from './transport.ts'
export type { UploadBody } from './upload-body.ts'
export type { VectorBytesQuery } from './vector-client.ts'
