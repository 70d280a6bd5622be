/**
 * Reads DuckDB's messages about files that users send, and says them in the platform's words. The
 * session has given the error a code; its cause is the engine's own text.
 */
import { HyperMeshError, printable } from '@hypermesh/contract'
import { inexactMarker } from './cast-expression.ts'

interface Wording {
  readonly pattern: RegExp
  readonly say: (match: RegExpExecArray, text: string) => string
  /** Another look at the whole file may find types that hold every value. */
  readonly typesMayChange?: true
}

const line = (text: string) => /(?:CSV Error on Line:|in line|record\/value) (\d+)/.exec(text)?.[1]

const wordings: readonly Wording[] = [
  {
    pattern: /Expected Number of Columns: (\d+) Found: (\d+)/,
    say: (match) => `the row has ${match[2]} fields where the header has ${match[1]}`,
  },
  { pattern: /unterminated quote/, say: () => 'a quoted value does not end properly' },
  { pattern: /Maximum line size of (\d+)/i, say: (m) => `the line is longer than ${m[1]} bytes` },
  {
    pattern: /maximum_object_size.* of (\d+)|"maximum_object_size"/,
    say: (match) => `a JSON value is longer than ${match[1] ?? 'the largest allowed'} bytes`,
  },
  { pattern: /Invalid unicode|invalid UTF-8/i, say: () => 'the text is not UTF-8' },
  {
    pattern: /Malformed JSON.*?: ([^\n]*)/,
    say: (match) => `the JSON is malformed: ${(match[1] ?? '').trim()}`,
  },
  {
    pattern: /expected records|non-record JSON|Expected top-level JSON array/,
    say: () => 'the JSON is not a list of objects; send an array of objects, or an object a line',
  },
  { pattern: /has duplicate key "([^"]*)"/, say: (m) => `an object has the key "${m[1]}" twice` },
  {
    pattern: /Duplicate name "([^"]*)" in struct/,
    say: (match) => `an object has two keys that differ only in case: "${match[1]}"`,
  },
  {
    pattern: new RegExp(`${inexactMarker}([^\\n]*)`),
    say: (match) => `a value cannot be held exactly as ${match[1]}; name another type for it`,
    typesMayChange: true,
  },
  {
    pattern:
      /Error when converting column "([^\n]*)"\. Could not convert string "([^\n]*)" to '([^']*)'/,
    say: (match) => `column "${match[1]}" holds "${match[2]}", which is not a ${match[3]}`,
    typesMayChange: true,
  },
  {
    pattern: /JSON transform error[^\n]*?:\s*([^\n]*)/,
    say: (match) => `a JSON value does not fit its type: ${match[1] ?? ''}`,
    typesMayChange: true,
  },
  {
    pattern:
      /(?:Conversion|Invalid Input|Out of Range) Error: (.*(?:[Cc]ould not|out of range|invalid)[^\n]*)/,
    say: (match) => match[1] ?? '',
    typesMayChange: true,
  },
  {
    pattern: /state machine reached an invalid state/,
    say: () => 'the file mixes line ends (LF and CRLF) or is not well-formed CSV; make them one',
  },
]

/** True where inferring from the whole file may lead to types that fit. */
export function typesMayChange(error: unknown): boolean {
  return error instanceof HyperMeshError && error.details?.typesMayChange === true
}

/** A failed read of a user's file as `invalid`, with its line where known; other errors unchanged. */
function toSourceError(error: unknown): unknown {
  if (!(error instanceof HyperMeshError) || error.details?.source === true) return error
  if (error.code !== 'invalid' && error.code !== 'unsupported') return error
  const text = error.cause instanceof Error ? error.cause.message : ''
  const wording = wordings.find(({ pattern }) => pattern.test(text))
  const match = wording?.pattern.exec(text)
  const number = line(text)
  const said = wording && match ? wording.say(match, text) : shorten(error.message)
  const where = number === undefined ? '' : `line ${number}: `
  return new HyperMeshError('invalid', `${where}${printableLong(said)}`, {
    details: {
      source: true,
      ...(number === undefined ? {} : { line: Number(number) }),
      ...(wording?.typesMayChange ? { typesMayChange: true } : {}),
    },
    cause: error.cause,
  })
}

/** Runs a read of the user's file with its errors said in the platform's words. */
export async function reading<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw toSourceError(error)
  }
}

function shorten(message: string): string {
  return message.split(/; ?(?:Possible|Try setting|Candidate|The search space)/)[0] ?? message
}

function printableLong(text: string): string {
  const parts = text.match(/[\s\S]{1,80}/g) ?? []
  return parts.slice(0, 4).map(printable).join('')
}
