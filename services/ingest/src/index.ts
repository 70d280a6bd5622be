export { ingest } from './service.ts'
