import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { HyperMeshError } from '@hypermesh/contract'

const standardInput = '-'
const filesMax = 100_000

/** Endings of files that can be loaded, packed or not. */
const loadable =
  /\.(csv|tsv|tab|ndjson|jsonl|json|parquet|pq|arrow|arrows|ipc|feather)(\.(gz|gzip|zst|zstd))?$/i

/**
 * The files that arguments name: a file itself; of a directory all that can be loaded, below it too;
 * of a pattern (`*`, `?`, `**`), which a shell would have expanded, all that it fits. In order.
 */
export async function listFiles(names: readonly string[]): Promise<string[]> {
  const files: string[] = []
  for (const name of names) files.push(...(await expand(name)))
  return files
}

async function expand(name: string): Promise<string[]> {
  if (name === standardInput) return [name]
  const found = await stat(name).catch(() => undefined)
  if (found?.isDirectory()) {
    const files = (await walk(name)).filter((path) => loadable.test(path))
    if (files.length > 0) return files
    throw new HyperMeshError('not_found', `no file in ${name} can be loaded`)
  }
  // What is there is meant, whatever characters it has; what is not is told when it is opened.
  if (found !== undefined || !/[*?]/.test(name)) return [name]
  const pattern = toExpression(name)
  const files = (await walk(fixedPart(name))).filter((path) => pattern.test(path))
  if (files.length > 0) return files
  throw new HyperMeshError('not_found', `no file fits ${name}`)
}

/** Every file below a directory but the hidden ones, sorted. */
async function walk(directory: string): Promise<string[]> {
  const files: string[] = []
  const visit = async (path: string): Promise<void> => {
    const entries = await readdir(path, { withFileTypes: true }).catch(() => [])
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.name.startsWith('.')) continue
      const inside = path === '' || path === '.' ? entry.name : join(path, entry.name)
      if (entry.isDirectory()) await visit(inside)
      else files.push(inside)
      if (files.length > filesMax) {
        throw new HyperMeshError('too_large', `more than ${filesMax} files in ${directory}`)
      }
    }
  }
  await visit(directory)
  return files
}

/** The directory before the first part that has a wildcard. */
function fixedPart(pattern: string): string {
  const parts = pattern.split('/')
  const first = parts.findIndex((part) => /[*?]/.test(part))
  const fixed = parts.slice(0, first).join('/')
  return fixed === '' && pattern.startsWith('/') ? '/' : fixed === '' ? '.' : fixed
}

function toExpression(pattern: string): RegExp {
  const plain = pattern.replace(/^\.\//, '')
  const source = plain.replace(/\*\*\/|\*\*|\*|\?|[^*?]+/g, (part) => {
    if (part === '**/') return '(?:.*/)?'
    if (part === '**') return '.*'
    if (part === '*') return '[^/]*'
    return part === '?' ? '[^/]' : part.replace(/[\\^$.|+()[\]{}]/g, '\\$&')
  })
  return new RegExp(`^${source}$`, 's')
}
