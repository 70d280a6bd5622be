export { crc32c } from './crc32c.ts'
export { HnswError, type HnswErrorCode } from './errors.ts'
export type { HnswImage } from './hnsw-image.ts'
export {
  type Compacted,
  HnswIndex,
  type SearchNowOptions,
  type SearchOptions,
  setThreads,
  type WorkOptions,
} from './hnsw-index.ts'
export { limits } from './limits.ts'
export { type NumberList, readNumbers } from './number-text.ts'
export type { HnswOptions, Metric, Storage } from './options.ts'
export type { SearchResult, SearchStrategy } from './search-result.ts'
export { SlotSet } from './slot-set.ts'
