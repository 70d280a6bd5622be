export { query } from './service.ts'
