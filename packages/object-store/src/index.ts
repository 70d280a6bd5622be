export { type ByteRange, resolveRange } from './byte-range.ts'
export { type DataDirectory, openDataDirectory } from './data-directory.ts'
export { DirectoryOwner, type DirectoryOwnerOptions } from './directory-owner.ts'
export { DiskStore, type DiskStoreOptions } from './disk-store.ts'
export { publishDirectory, retireDirectory } from './durable-directory.ts'
export {
  type DurableBody,
  type DurableMode,
  type PublishOptions,
  publishDurable,
  removeDurable,
  syncDirectory,
  type WriteOptions,
  writeDurable,
} from './durable-file.ts'
export { faultPoint, onFaultPoint } from './fault-points.ts'
export { isOwnerAlive } from './liveness.ts'
export { parseKeyPrefix, parseObjectKey } from './object-key.ts'
export type {
  GetOptions,
  ListOptions,
  ObjectStore,
  OpenObject,
  PutOptions,
} from './object-store.ts'
export { errnoOf, hasErrno, toStorageError } from './storage-error.ts'
