import {
  type Compression,
  compression,
  type FileFormat,
  fileFormats,
  type IngestMode,
} from '@hypermesh/contract'
import { UsageError } from './failure.ts'

/** The options that `ingest` and `inspect` share, as commander gives them. */
export interface LoadFlags {
  readonly format?: string
  readonly compression?: string
  readonly type: readonly string[]
}

export interface LoadShape {
  readonly format?: FileFormat
  readonly compression?: Compression
  readonly types: Readonly<Record<string, string>>
}

export function parseLoadFlags(flags: LoadFlags): LoadShape {
  const format = fileFormats.find((each) => each === flags.format)
  if (flags.format !== undefined && format === undefined) {
    throw new UsageError(`no format "${flags.format}"; the formats are ${fileFormats.join(', ')}`)
  }
  const packings = compression.options
  const packing = packings.find((each) => each === flags.compression)
  if (flags.compression !== undefined && packing === undefined) {
    throw new UsageError(`no compression "${flags.compression}"; there are ${packings.join(', ')}`)
  }
  return {
    ...(packing === undefined ? {} : { compression: packing }),
    ...(format === undefined ? {} : { format }),
    types: Object.fromEntries(flags.type.map(parseType)),
  }
}

export function parseMode(text: string): IngestMode {
  if (text === 'append' || text === 'overwrite') return text
  throw new UsageError(`no mode "${text}"; the modes are append and overwrite`)
}

/** A column's name may hold `=`, a type never does. */
function parseType(text: string): [string, string] {
  const at = text.lastIndexOf('=')
  if (at < 1 || at === text.length - 1) {
    throw new UsageError(`--type ${text}: write it as COLUMN=TYPE, e.g. --type zip=VARCHAR`)
  }
  return [text.slice(0, at), text.slice(at + 1)]
}
