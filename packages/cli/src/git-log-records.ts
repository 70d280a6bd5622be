import { HyperMeshError } from '@hypermesh/contract'

/** A commit with what it changed. */
export interface Commit {
  readonly hash: string
  /** When it was made, in seconds since 1970. */
  readonly committedAt: number
  /** The author and the co-authors by their addresses, each once. */
  readonly authors: readonly string[]
  readonly subject: string
  /** The paths that it changed, as many as were asked for. */
  readonly files: readonly string[]
  /** How many paths it changed in all. */
  readonly fileCount: number
  readonly linesAdded: number
  readonly linesDeleted: number
}

/** What `git log` has to print for `CommitRecords`, beside `-z --numstat`. */
export const commitFormat = [
  '%H',
  '%ct',
  '%aE',
  '%aN',
  '%(trailers:key=Co-authored-by,valueonly,separator=%x1f)',
  '%s',
].join('%x00')

const headerFields = 6
/** Of one field: git itself bounds none. */
const fieldBytesMax = 1024 * 1024
const subjectCharsMax = 1000

interface OpenCommit {
  readonly header: string[]
  readonly files: string[]
  fileCount: number
  linesAdded: number
  linesDeleted: number
}

/** Takes the output of `git log` apart as it comes: fields end with NUL, which no path and no text has. */
export class CommitRecords {
  readonly #filesMax: number
  readonly #decoder = new TextDecoder()
  #rest = ''
  #open: OpenCommit | undefined

  constructor({ filesMax }: { readonly filesMax: number }) {
    this.#filesMax = filesMax
  }

  /** The commits that these bytes end. */
  *push(bytes: Uint8Array): Generator<Commit, void, void> {
    const fields = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split('\0')
    this.#rest = fields.pop() ?? ''
    if (this.#rest.length > fieldBytesMax) {
      throw new HyperMeshError('too_large', `git printed a field above ${fieldBytesMax} bytes`)
    }
    for (const field of fields) {
      const ended = this.#take(field)
      if (ended !== undefined) yield ended
    }
  }

  /** The last commit, once there is no more. */
  end(): Commit | undefined {
    if (this.#rest !== '' || (this.#open && this.#open.header.length < headerFields)) {
      throw new HyperMeshError('upstream', 'the output of git log ended within a commit')
    }
    const last = this.#open
    this.#open = undefined
    return last && toCommit(last)
  }

  #take(field: string): Commit | undefined {
    const open = this.#open
    if (open !== undefined && open.header.length < headerFields) {
      open.header.push(field)
      return undefined
    }
    // The first file of a commit stands on a line of its own.
    const change = /^\n?(\d+|-)\t(\d+|-)\t(.+)$/s.exec(field)
    if (change !== null && open !== undefined) {
      const [, added, deleted, path = ''] = change
      open.fileCount += 1
      open.linesAdded += lineCount(added)
      open.linesDeleted += lineCount(deleted)
      if (open.files.length < this.#filesMax) open.files.push(path)
      return undefined
    }
    if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(field)) {
      throw new HyperMeshError('upstream', 'git log printed what is neither a commit nor a file')
    }
    this.#open = { header: [field], files: [], fileCount: 0, linesAdded: 0, linesDeleted: 0 }
    return open && toCommit(open)
  }
}

/** `-` stands for a file that has no lines. */
function lineCount(text: string | undefined): number {
  return text === '-' ? 0 : Number(text)
}

function toCommit({ header, ...counted }: OpenCommit): Commit {
  const [hash = '', committedAt = '', email = '', name = '', coAuthors = '', subject = ''] = header
  const others = coAuthors.split('\x1f').map((text) => {
    const address = /<([^<>]*)>\s*$/.exec(text)?.[1] ?? ''
    return address || text.replace(/<[^<>]*>\s*$/, '')
  })
  const named = [email || name || 'unknown', ...others].map((text) => text.trim().toLowerCase())
  return {
    hash,
    committedAt: Number(committedAt),
    authors: [...new Set(named.filter((text) => text !== ''))],
    subject: subject.slice(0, subjectCharsMax),
    ...counted,
  }
}
