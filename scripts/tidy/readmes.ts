import { type Check, type Finding, type SourceTree, workspacesOf } from './source-tree.ts'

/** Each workspace says what it owns, shortly. */
export const checkReadmes: Check = (tree) => [
  ...faultsOf(tree, 'README.md', 150),
  ...[...workspacesOf(tree)].flatMap(({ directory, isService }) =>
    faultsOf(tree, `${directory}/README.md`, isService ? 40 : 60),
  ),
]

function faultsOf(tree: SourceTree, path: string, linesMax: number): Finding[] {
  const text = tree.texts.get(path)
  if (text === undefined) return [{ path, line: 1, message: 'missing, write what this owns' }]
  const lines = text.split('\n').length - 1
  if (lines <= linesMax) return []
  const message = `${lines} lines, over ${linesMax}; move details to where they apply`
  return [{ path, line: linesMax + 1, message }]
}
