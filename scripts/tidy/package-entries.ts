import { type Check, type Finding, filesOf, linesOf, workspacesOf } from './source-tree.ts'

/** An entry may pass on what the folders beside it export; each of those names what it does. */
const entry = /^(packages|services)\/[\w-]+\/src\/index\.ts$/
const folder = /^export \* from '\.\/[\w-]+\/index\.ts'$/

/** One way into a package, and each name in it exported on purpose. */
export const checkPackageEntries: Check = (tree) => {
  const findings: Finding[] = []
  for (const { manifestPath, manifest } of workspacesOf(tree)) {
    if (Object.keys(manifest.exports ?? {}).join() === '.') continue
    const message = 'a package has the one export ".", export the rest from src/index.ts'
    findings.push({ path: manifestPath, line: 1, message })
  }
  for (const [path, text] of filesOf(tree, /\.ts$/)) {
    for (const [line, { input }] of linesOf(text, /^\s*export \* /)) {
      if (entry.test(path) && folder.test(input)) continue
      findings.push({ path, line, message: 'export * hides what is public, name each export' })
    }
  }
  return findings
}
