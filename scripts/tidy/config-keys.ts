import type { Finding, SourceTree } from './source-tree.ts'

const path = 'lakehouse.toml'

export interface ConfigKey {
  readonly table: string
  readonly key: string
}

/** Each key stands in lakehouse.toml, set or in a comment (`# key = default`), under its table. */
export function checkConfigKeys(tree: SourceTree, keys: readonly ConfigKey[]): readonly Finding[] {
  const text = tree.texts.get(path)
  if (text === undefined)
    return [{ path, line: 1, message: 'missing, list each key with its default' }]
  const listed = keysIn(text)
  const known = new Set(keys.map(({ table, key }) => `${table}.${key}`))
  return [
    ...keys
      .filter(({ table, key }) => !listed.has(`${table}.${key}`))
      .map(({ table, key }) => ({
        path,
        line: 1,
        message: `[${table}] ${key} is not listed, add it with its default and unit`,
      })),
    ...[...listed]
      .filter(([name]) => !known.has(name))
      .map(([name, line]) => ({ path, line, message: `${name} is no key, remove it` })),
  ]
}

function keysIn(text: string): Map<string, number> {
  const keys = new Map<string, number>()
  let table = ''
  for (const [index, line] of text.split('\n').entries()) {
    table = /^#?\s*\[(\w+)\]\s*$/.exec(line)?.[1] ?? table
    const key = /^#?\s*([a-z][a-z0-9_]*) = /.exec(line)?.[1]
    if (key !== undefined && table !== '') keys.set(`${table}.${key}`, index + 1)
  }
  return keys
}
