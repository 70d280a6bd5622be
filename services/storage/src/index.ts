export { storage } from './service.ts'
