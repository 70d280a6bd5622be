import { resolve } from 'node:path'
import { checkBannedCalls } from './tidy/banned-calls.ts'
import { checkConfigKeys } from './tidy/config-keys.ts'
import { checkContractCoverage } from './tidy/contract-coverage.ts'
import { checkDependencyRanks } from './tidy/dependency-ranks.ts'
import { checkEngineLayers } from './tidy/engine-layers.ts'
import { checkFileLength } from './tidy/file-length.ts'
import { checkFileNames } from './tidy/file-names.ts'
import { checkPackageEntries } from './tidy/package-entries.ts'
import { checkReadmes } from './tidy/readmes.ts'
import { checkBlobs, checkTodos, machinePathCheck } from './tidy/repository-contents.ts'
import { type Check, type Finding, readSourceTree } from './tidy/source-tree.ts'

// What Biome and the compiler cannot see: the shape of the repository. Run by `npm run check`.
const root = resolve(import.meta.dirname, '..')
const tree = readSourceTree(root)

const checks: readonly Check[] = [
  checkDependencyRanks,
  checkEngineLayers,
  checkFileLength,
  checkFileNames,
  checkPackageEntries,
  checkReadmes,
  checkBannedCalls,
  checkContractCoverage,
  checkBlobs,
  checkTodos,
  machinePathCheck(root),
]

const findings = [...checks.flatMap((check) => check(tree)), ...(await configFindings())]
for (const { path, line, message, isWarning } of findings.toSorted(byPlace)) {
  console.error(`${path}:${line}: ${isWarning ? 'warning: ' : ''}${message}`)
}
process.exitCode = findings.some((finding) => !finding.isWarning) ? 1 : 0

/** The keys as the program itself knows them. */
async function configFindings(): Promise<readonly Finding[]> {
  const { loadLakehouseConfig } = await import('@hypermesh/lakehouse')
  const { settings } = loadLakehouseConfig({ environment: {}, path: null })
  return checkConfigKeys(tree, settings)
}

function byPlace(a: Finding, b: Finding): number {
  if (a.path !== b.path) return a.path < b.path ? -1 : 1
  return a.line - b.line
}
