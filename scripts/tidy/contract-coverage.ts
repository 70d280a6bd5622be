import { errorTable, type RouteContract, routes } from '@hypermesh/contract'
import { type Check, type Finding, filesOf, type SourceTree, shippedSource } from './source-tree.ts'

const coveragePath = 'smoke/COVERAGE.md'

/** What the contract promises is there: codes are thrown, routes are mounted and smoked. */
export const checkContractCoverage: Check = (tree) => [
  ...codeFindings(tree),
  ...routeFindings(tree),
  ...rowFindings(tree),
]

function* codeFindings(tree: SourceTree): Generator<Finding> {
  const sources = [...filesOf(tree, shippedSource)]
    .filter(([path]) => !path.startsWith('packages/contract/'))
    .map(([, text]) => text)
  for (const code of Object.keys(errorTable)) {
    if (sources.some((text) => text.includes(`'${code}'`))) continue
    const message = `nothing makes the error ${code}, use it or remove it`
    yield at(tree, 'packages/contract/src/errors.ts', code, message)
  }
}

function* routeFindings(tree: SourceTree): Generator<Finding> {
  const coverage = tree.texts.get(coveragePath)
  if (coverage === undefined) {
    const message = 'missing, list each route of the contract with the smoke test that calls it'
    yield { path: coveragePath, line: 1, message }
  }
  for (const [id, route] of Object.entries<RouteContract>(routes)) {
    const routesPath = 'packages/contract/src/routes.ts'
    if (!isMounted(tree, id, route)) {
      const message = `${route.service} does not mount ${id}, mount it with mountRoute('${id}')`
      yield at(tree, routesPath, id, message)
    }
    if (coverage !== undefined && !new RegExp(`\\b${id}\\b`).test(coverage)) {
      yield {
        path: coveragePath,
        line: 1,
        message: `${id} has no row, name the smoke test that calls it`,
      }
    }
  }
}

/** Tests that a row names and that nobody has. */
function* rowFindings(tree: SourceTree): Generator<Finding> {
  const lines = (tree.texts.get(coveragePath) ?? '').split('\n')
  for (const [index, text] of lines.entries()) {
    for (const [name] of text.matchAll(/[\w./-]+\.test\.ts/g)) {
      if (tree.texts.has(`smoke/${name}`) || tree.texts.has(name)) continue
      const message = `there is no ${name}, write it or name another`
      yield { path: coveragePath, line: index + 1, message }
    }
  }
}

/** By its id, as a string or as the name of its handler, or by its path. */
function isMounted(tree: SourceTree, id: string, route: RouteContract): boolean {
  const names = [`'${id}'`, `routes.${id}`, `  ${id}: (`, `'${route.path}'`]
  const sources = filesOf(tree, new RegExp(`^services/${route.service}/src/(?!.*\\.test\\.ts$)`))
  return [...sources].some(([, text]) => names.some((name) => text.includes(name)))
}

function at(tree: SourceTree, path: string, name: string, message: string): Finding {
  const lines = tree.texts.get(path)?.split('\n') ?? []
  return {
    path,
    line: lines.findIndex((line) => line.startsWith(`  ${name}: {`)) + 1 || 1,
    message,
  }
}
