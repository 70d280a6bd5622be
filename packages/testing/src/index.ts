export { type ChildEnd, childProgram, runChild } from './child-program.ts'
export {
  describeObjectStore,
  type StoreUnderTest,
  temporaryDirectory,
} from './conformance/object-store.ts'
export { copyLiving } from './copy-living.ts'
export { type CrashStates, crashStates } from './crash-states.ts'
export { ManualClock } from './manual-clock.ts'
export {
  type Call,
  type OpenService,
  type OpenServiceOptions,
  openService,
} from './open-service.ts'
export { type Platform, startPlatform } from './platform.ts'
export { type PlatformOptions, type Topology, topologies } from './platform-process.ts'
