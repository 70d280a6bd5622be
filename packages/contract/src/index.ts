export {
  type Effect,
  type ErrorBody,
  type ErrorCode,
  type ErrorOptions,
  errorTable,
  fromErrorBody,
  HyperMeshError,
  toErrorBody,
} from './errors.ts'
export * from './graph/index.ts'
export { headers } from './headers.ts'
export { health, readiness } from './health.ts'
export * from './iceberg/index.ts'
export * from './ingest/index.ts'
export {
  type CreatedKey,
  type CreateKeyRequest,
  createdKey,
  createKeyRequest,
  type KeyRecord,
  keyList,
  keyRecord,
} from './keys.ts'
export { type Limits, limits } from './limits.ts'
export { parseJson, stringifyJson } from './lossless-json.ts'
export {
  formatTableName,
  identifier,
  identifierPattern,
  parseColumnName,
  parseIdentifier,
  parseTableName,
  printable,
  quoteIdentifier,
  type TableName,
} from './names.ts'
export {
  type ObjectHead,
  type ObjectPage,
  objectHead,
  objectListQuery,
  objectPage,
} from './objects.ts'
export { openApi } from './openapi.ts'
export { hasRole, type Principal, type Role, role, roles } from './principal.ts'
export { type RouteContract, type ServiceName, serviceNames } from './route-contract.ts'
export { type RouteId, routePath, routes } from './routes.ts'
export * from './sql/index.ts'
export * from './tables/index.ts'
export * from './vectors/index.ts'
export { toWireLong, type WireLong, wireLong } from './wire-long.ts'
