export { vector } from './service.ts'
