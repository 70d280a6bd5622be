export {
  describeObjectStore,
  type StoreUnderTest,
  temporaryDirectory,
} from './conformance/object-store.ts'
