export {
  describeObjectStore,
  type StoreUnderTest,
  temporaryDirectory,
} from './conformance/object-store.ts'
export { ManualClock } from './manual-clock.ts'
export { type Platform, type PlatformOptions, startPlatform } from './platform.ts'
