import { type Check, type Finding, filesOf, linesOf } from './source-tree.ts'

const blobBytesMax = 200_000
/** The exceptions, with what they may have. */
const blobsAllowed = new Map([
  ['package-lock.json', Number.POSITIVE_INFINITY],
  // Made by `npm run rebuild-embeddings` in many minutes; a service that works offline ships it.
  ['services/vector/word-vectors/static-en.bin', 5_000_000],
])

/** What is large belongs into a package or is made by a script; a clone stays small. */
export const checkBlobs: Check = (tree) =>
  [...tree.bytes].flatMap(([path, bytes]) => {
    const bytesMax = blobsAllowed.get(path) ?? blobBytesMax
    if (bytes <= bytesMax) return []
    const message = `${bytes} bytes, over ${bytesMax}; make it in a script or take it from a package`
    return [{ path, line: 1, message }]
  })

/** A note for later without an issue is forgotten. */
export const checkTodos: Check = (tree) => {
  const findings: Finding[] = []
  for (const [path, text] of filesOf(tree, /\.(ts|mjs|js|json|toml|yml|sh|cc|h|gypi?)$/)) {
    if (path.startsWith('scripts/tidy/')) continue
    for (const [line, match] of linesOf(text, /\b(TODO|FIXME|HACK|XXX)\b(?!\(#\d+\): )/)) {
      findings.push({
        path,
        line,
        message: `${match[1]} without an issue, write TODO(#123): … or do it`,
      })
    }
  }
  return findings
}

/** Paths of one person's machine work nowhere else. `root` is where this repository lies now. */
export function machinePathCheck(root: string): Check {
  const homes = /(?<![\w.:/-])(\/home\/\w+|\/Users\/\w+|\/root)\//
  return (tree) => {
    const findings: Finding[] = []
    for (const [path, text] of filesOf(tree, /^(?!scripts\/tidy\/|package-lock\.json$)/)) {
      for (const [index, line] of text.split('\n').entries()) {
        if (!line.includes(`${root}/`) && !homes.test(line)) continue
        const message = 'a path of this machine, write one relative to the repository'
        findings.push({ path, line: index + 1, message })
      }
    }
    return findings
  }
}
