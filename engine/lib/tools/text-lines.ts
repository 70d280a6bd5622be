import { EngineError } from '../errors.ts'

/** Bytes or text in pieces of any length: a file's read stream, or an array in tests. */
export type TextSource = AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>

const lineCharactersMax = 64 << 20

/** The pieces as text; bytes that are no UTF-8 are `invalid`. */
export async function* decodeText(source: TextSource): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  try {
    for await (const piece of source) {
      yield typeof piece === 'string' ? piece : decoder.decode(piece, { stream: true })
    }
    yield decoder.decode()
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new EngineError('invalid', 'the file is no UTF-8', { cause: error })
  }
}

/** The lines of a text, without their ends. */
export async function* readLines(source: TextSource): AsyncGenerator<string, void, undefined> {
  let rest = ''
  for await (const piece of decodeText(source)) {
    const lines = (rest + piece).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > lineCharactersMax) {
      throw new EngineError('too_large', `a line is longer than ${lineCharactersMax} characters`)
    }
    for (const line of lines) yield line.endsWith('\r') ? line.slice(0, -1) : line
  }
  if (rest !== '') yield rest.endsWith('\r') ? rest.slice(0, -1) : rest
}
