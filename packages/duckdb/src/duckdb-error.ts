/**
 * The one place that reads DuckDB's messages. The binding throws plain errors whose message starts
 * with DuckDB's own error class; class and, where a class is too wide, wording decide the code.
 */
import { type ErrorCode, HyperMeshError } from '@hypermesh/contract'

export interface ErrorContext {
  /** Directories whose names must not reach a client; longest first is not required. */
  readonly hiddenDirectories: readonly string[]
  /** What unreadable Parquet means: a damaged store, or a bad file that a user sent. */
  readonly damagedFile: 'corrupt' | 'invalid'
}

const codeOfClass: Readonly<Record<string, ErrorCode>> = {
  'Binder Error': 'invalid',
  'Catalog Error': 'invalid',
  'Connection Error': 'internal',
  'Constraint Error': 'invalid',
  'Conversion Error': 'invalid',
  'Decimal Error': 'invalid',
  'Dependency Error': 'invalid',
  'Divide by Zero Error': 'invalid',
  'Expression Error': 'invalid',
  'FATAL Error': 'internal',
  'INTERNAL Error': 'internal',
  'INTERRUPT Error': 'cancelled',
  'IO Error': 'internal',
  'Invalid Configuration Error': 'invalid',
  'Invalid Error': 'invalid',
  'Invalid Input Error': 'invalid',
  'Invalid type Error': 'invalid',
  'Mismatch Type Error': 'invalid',
  'Missing Extension Error': 'unsupported',
  'Not implemented Error': 'unsupported',
  'Object Size Error': 'too_large',
  'Out of Memory Error': 'too_large',
  'Out of Range Error': 'invalid',
  'Parameter Not Allowed Error': 'invalid',
  'Parameter Not Resolved Error': 'invalid',
  'Parser Error': 'invalid',
  'Permission Error': 'forbidden',
  'Sequence Error': 'invalid',
  'Serialization Error': 'internal',
  'Settings Error': 'invalid',
  'Syntax Error': 'invalid',
  'TransactionContext Error': 'internal',
  'Unknown Type Error': 'invalid',
}

const diskFull = /no space left on device|disk quota exceeded|max_temp_directory_size|ENOSPC/i
const missingFile = /no files found that match|no such file or directory/i
const damagedParquet =
  /no magic bytes|too small to be a parquet file|parquet|fixed_len_byte_array|converted type|map_key_value|out of buffer|thrift|tprotocol|snappy|zstd|decompress|gzip/i
/** Of text files that are packed whole: members with a comment or a checksum of their header, padding. */
const unknownGzip = /^IO Error: (?:Unsupported GZIP archive|Input is not a GZIP stream)/
/** Classes whose messages quote values and names of the statement, which may say anything. */
const aboutStatement = /^(Binder|Catalog|Parser|Conversion|Out of Range|Mismatch Type) Error$/
/** How the Parquet reader begins where its class is also that of functions, `error(…)` among them. */
const readerWords =
  /^(?:no magic bytes found|out of buffer|file '|failed to (?:read|decompress) |malformed parquet|parquet (?:file|footer|data) |the parquet file|root element of parquet|mismatch in parquet|invalid (?:decimal|string) encoding |invalid json found in parquet|un\w+ (?:type for )?parquet|input is \S+ a?.*gzip|unsupported gzip|tprotocolexception|zstd decompression failed)/i

/** Translates whatever the binding threw. A HyperMeshError passes unchanged. */
export function toDuckDbError(error: unknown, context: ErrorContext): HyperMeshError {
  if (error instanceof HyperMeshError) return error
  const raw = error instanceof Error ? error.message : String(error)
  const text = raw.replace(/^(Failed to [a-z ]+: |Error: )/i, '')
  const errorClass = /^([A-Za-z][A-Za-z ]* (?:Error|error)): /.exec(text)?.[1]
  const code = errorClass === undefined ? 'internal' : codeOf(errorClass, text, context)
  const position = positionOf(text)
  const message = hide(firstPart(text.slice(errorClass ? errorClass.length + 2 : 0)), context)
  return new HyperMeshError(code, describe(code, message, position), {
    details: { reason: reasonOf(errorClass, code, text), ...position },
    cause: error,
    ...(code === 'cancelled' ? { effect: 'none' as const } : {}),
  })
}

/** True where the statement failed because a file that it was to read is not there. */
export function isMissingFile(error: unknown): boolean {
  return error instanceof HyperMeshError && error.details?.reason === 'missing-file'
}

function codeOf(errorClass: string, text: string, context: ErrorContext): ErrorCode {
  const code = codeOfClass[errorClass] ?? 'internal'
  if (diskFull.test(text) && !aboutStatement.test(errorClass)) return 'storage_full'
  if (missingFile.test(text) && errorClass === 'IO Error') return 'unavailable'
  if (unknownGzip.test(text)) return 'unsupported'
  return isDamage(errorClass, text) && code !== 'too_large' && code !== 'cancelled'
    ? context.damagedFile
    : code
}

function isDamage(errorClass: string, text: string): boolean {
  if (aboutStatement.test(errorClass) || !damagedParquet.test(text)) return false
  return errorClass !== 'Invalid Input Error' || readerWords.test(text.slice(errorClass.length + 2))
}

function reasonOf(errorClass: string | undefined, code: ErrorCode, text: string): string {
  if (code === 'storage_full') return 'storage-full'
  if (code === 'unavailable' && missingFile.test(text)) return 'missing-file'
  if (errorClass === undefined) return 'engine'
  return errorClass
    .replace(/ Error$/i, '')
    .toLowerCase()
    .replaceAll(' ', '-')
}

interface Position {
  readonly line?: number
  readonly column?: number
  readonly excerpt?: string
}

/** DuckDB prints `LINE 2: select …` and a caret below; a cut line starts with `...`. */
function positionOf(text: string): Position {
  const match = /\n\n(LINE (\d+): )([^\n]*)\n( *)\^/.exec(text)
  if (!match) return {}
  const [, prefix = '', line = '', excerpt = '', indent = ''] = match
  const column = indent.length - prefix.length + 1
  return {
    line: Number(line),
    ...(excerpt.startsWith('...') || column < 1 ? {} : { column }),
    excerpt,
  }
}

/** Drops the excerpt and DuckDB's advice about settings, which the caller cannot change. */
function firstPart(text: string): string {
  const cut = text.split(/\n\n(?:LINE \d+: |Possible solutions:|See also |Use "SET )/)[0] ?? text
  const calm = cut.replace(/(does not exist|not found|FROM clause)!(?=\n|$)/g, '$1')
  return calm.replace(
    /\nDid you mean "(?:pg_|duckdb_|sqlite_|pragma_|information_schema|[^"\n]*\bmemory\.)[^\n]*/,
    '',
  )
}

function hide(message: string, context: ErrorContext): string {
  let clean = message
  for (const directory of [...context.hiddenDirectories].sort((a, b) => b.length - a.length)) {
    clean = clean.replaceAll(directory.endsWith('/') ? directory : `${directory}/`, '')
    clean = clean.replaceAll(directory, '')
  }
  return clean.replace(/"?\bq_\d+"?\./g, '')
}

function describe(code: ErrorCode, message: string, position: Position): string {
  if (code === 'too_large') {
    return `the statement needs more memory than it may use: ${message.replaceAll('\n', '; ')}`
  }
  if (code === 'storage_full') return `no space left for temporary or data files: ${message}`
  const where =
    position.line === undefined
      ? ''
      : ` (line ${position.line}${position.column === undefined ? '' : `, column ${position.column}`})`
  return `${message.trim().replace(/\n+/g, '; ')}${where}`
}
