import { posix } from 'node:path'
import {
  type Check,
  type Finding,
  filesOf,
  linesOf,
  type SourceTree,
  workspacesOf,
} from './source-tree.ts'

const libraries = ['contract', 'client', 'kit', 'object-store', 'iceberg', 'duckdb']
const services = ['gateway', 'storage', 'catalog', 'ingest', 'query', 'vector', 'graph']

/** Which of ours a workspace may depend on; the table of ARCHITECTURE.md. */
const mayUse: Readonly<Record<string, readonly string[]>> = {
  contract: [],
  engine: [],
  hnsw: [],
  client: ['contract'],
  kit: ['contract'],
  'object-store': ['contract'],
  duckdb: ['contract'],
  iceberg: ['contract', 'object-store'],
  ...Object.fromEntries(services.map((service) => [service, libraries])),
  vector: [...libraries, 'hnsw'],
  graph: [...libraries, 'engine'],
  lakehouse: [...libraries, ...services],
  cli: [...libraries, ...services, 'lakehouse'],
  testing: [...libraries, ...services, 'lakehouse', 'cli'],
}

/** Who may depend on what comes from outside. The first is its owner and wraps what is awkward. */
const owners: Readonly<Record<string, readonly string[]>> = {
  zod: ['contract', 'kit', ...services, 'lakehouse'],
  hono: ['kit'],
  pino: ['kit'],
  'smol-toml': ['kit'],
  'prom-client': ['kit'],
  '@duckdb/node-api': ['duckdb'],
  '@duckdb/node-bindings': ['duckdb'],
  'apache-arrow': ['duckdb', 'client', 'engine', 'graph'],
  fzstd: ['duckdb'],
  avsc: ['iceberg'],
  hyparquet: ['iceberg'],
  'ipaddr.js': ['gateway'],
  'node-gyp': ['engine', 'hnsw'],
  'hnswlib-node': ['hnsw'],
  commander: ['cli'],
  'string-width': ['cli'],
  vitest: ['testing'],
}

/** Every dependency points down the ranks, belongs to its user and is pinned. */
export const checkDependencyRanks: Check = (tree) => [
  ...manifestFindings(tree),
  ...importFindings(tree),
]

function* manifestFindings(tree: SourceTree): Generator<Finding> {
  for (const { name, manifestPath, manifest } of workspacesOf(tree)) {
    const text = tree.texts.get(manifestPath) ?? ''
    const wanted = { ...manifest.dependencies, ...manifest.peerDependencies }
    for (const [dependency, version] of Object.entries(wanted)) {
      const message = faultOf(name, dependency, version)
      if (message === undefined) continue
      const line = text.split('\n').findIndex((at) => at.includes(`"${dependency}":`)) + 1
      yield { path: manifestPath, line, message }
    }
  }
}

function faultOf(name: string, dependency: string, version: string): string | undefined {
  const ours = dependency.startsWith('@hypermesh/')
    ? dependency.slice('@hypermesh/'.length)
    : undefined
  if (!/^\d/.test(version)) return `${dependency} is not pinned, write its exact version`
  if (mayUse[name] === undefined)
    return `${name} has no rank, add it to scripts/tidy/dependency-ranks.ts`
  if (ours !== undefined) {
    if (mayUse[name].includes(ours)) return undefined
    return services.includes(name) && (services.includes(ours) || ours === 'lakehouse')
      ? `a service may not import a service, call ${ours} through deps.upstreams`
      : `${name} may not depend on ${ours}, move what it needs to a lower rank`
  }
  const users = owners[dependency]
  if (users === undefined)
    return `${dependency} has no owner, add it to scripts/tidy/dependency-ranks.ts`
  if (users.includes(name)) return undefined
  return `${dependency} belongs to ${users.join(', ')}, use what ${users[0]} exports`
}

function* importFindings(tree: SourceTree): Generator<Finding> {
  const sources = /^((?:packages|services)\/[^/]+|engine)\/(?:src|lib|test|bench)\/.*\.ts$/
  for (const [path, text] of filesOf(tree, sources)) {
    const directory = sources.exec(path)?.[1] ?? ''
    for (const [line, match] of linesOf(text, /(?:from|import)\s*\(?'(\.[^']*)'/)) {
      const target = posix.join(posix.dirname(path), match[1] ?? '')
      if (target.startsWith(`${directory}/`)) continue
      const message = `the import leaves ${directory}, import the package by its name`
      yield { path, line, message }
    }
  }
}
