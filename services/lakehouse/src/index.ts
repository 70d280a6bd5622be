export {
  dataDirectoryOf,
  type LakehouseConfig,
  type LakehouseConfigOptions,
  loadLakehouseConfig,
} from './config.ts'
export { type Lakehouse, type LakehouseOptions, startLakehouse } from './lakehouse.ts'
export { version } from './version.ts'
