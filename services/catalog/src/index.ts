export { catalog } from './service.ts'
