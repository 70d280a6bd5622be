import { invalid, quote } from './errors.ts'
import type { TimeUnit } from './instants.ts'
import type { NativeOpenOptions } from './native-types.ts'
import type { Durability } from './receipt.ts'

/** How a database is opened. */
export interface OpenOptions {
  /** `sync` unless said; each write may say otherwise. */
  readonly durability?: Durability
  /** Takes no lock, writes nothing, follows the writer by `refresh`. False unless said. */
  readonly readOnly?: boolean
  /** Makes the database when there is none. True unless said. */
  readonly create?: boolean
  /** What numbers of time count, in and out; `ms` unless said. */
  readonly timeUnit?: TimeUnit
  /** After how long a snapshot is closed by itself; an hour unless said, `Infinity`: never. */
  readonly snapshotAgeMaxMs?: number
  /** Memory for new commits before they become segments; 256 MiB unless said. */
  readonly memtableBytesMax?: number
  readonly memtableRecordsMax?: number
  /** By how much the log is preallocated at a time; 16 MiB unless said. */
  readonly logAllocateBytes?: number
  readonly segmentRecordsMax?: number
  /** The largest commit; 1 GiB unless said. */
  readonly commitBytesMax?: number
  /** The longest node key, label or string property; 1 MiB unless said. */
  readonly textBytesMax?: number
  /** How many commits may wait before more are refused with `too_large`; 4,096 unless said. */
  readonly commitQueueMax?: number
  /** How many bytes they may have together; 256 MiB unless said. One alone may be larger. */
  readonly commitQueueBytesMax?: number
}

/** The options checked, with their defaults. */
export interface OpenSettings {
  readonly durability: Durability
  readonly timeUnit: TimeUnit
  readonly snapshotAgeMaxMs: number
  readonly native: NativeOpenOptions
}

const limits = [
  'memtableBytesMax',
  'memtableRecordsMax',
  'logAllocateBytes',
  'segmentRecordsMax',
  'commitBytesMax',
  'textBytesMax',
  'commitQueueMax',
  'commitQueueBytesMax',
] as const
const flags = ['readOnly', 'create'] as const
const known: ReadonlySet<string> = new Set([
  ...limits,
  ...flags,
  'durability',
  'timeUnit',
  'snapshotAgeMaxMs',
])
const hourMs = 3_600_000

export function toOpenSettings(options: OpenOptions): OpenSettings {
  if (typeof options !== 'object' || options === null) throw invalid('options must be an object')
  for (const name of Object.keys(options)) {
    if (!known.has(name)) throw invalid(`no option is called ${quote(name)}`)
  }
  const { durability = 'sync', timeUnit = 'ms', snapshotAgeMaxMs = hourMs } = options
  if (durability !== 'sync' && durability !== 'os') {
    throw invalid(`durability is 'sync' or 'os', not ${quote(durability)}`)
  }
  if (timeUnit !== 's' && timeUnit !== 'ms' && timeUnit !== 'us') {
    throw invalid(`timeUnit is 's', 'ms' or 'us', not ${quote(timeUnit)}`)
  }
  if (!(typeof snapshotAgeMaxMs === 'number' && snapshotAgeMaxMs > 0)) {
    throw invalid(`snapshotAgeMaxMs must be above 0, not ${quote(snapshotAgeMaxMs)}`)
  }
  return { durability, timeUnit, snapshotAgeMaxMs, native: toNative(options) }
}

function toNative(options: OpenOptions): NativeOpenOptions {
  const native: Record<string, number | boolean> = {}
  for (const name of limits) {
    const value = options[name]
    if (value === undefined) continue
    if (!Number.isSafeInteger(value) || value < 1) {
      throw invalid(`${name} must be a whole number from 1, not ${quote(value)}`)
    }
    native[name] = value
  }
  for (const name of flags) {
    const value: unknown = options[name]
    if (value === undefined) continue
    if (typeof value !== 'boolean') throw invalid(`${name} must be true or false`)
    native[name === 'create' ? 'createIfMissing' : name] = value
  }
  return native
}
