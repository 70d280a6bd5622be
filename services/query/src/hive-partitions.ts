import { dirname, sep } from 'node:path'
import { HyperMeshError, printable } from '@hypermesh/contract'
import type { ListedFile } from './file-listing.ts'

/** A column whose values stand in the names of directories, as Hive writes them: `year=2024`. */
export interface PartitionColumn {
  readonly name: string
  /** In DuckDB's words. */
  readonly type: 'BIGINT' | 'DATE' | 'VARCHAR'
}

export interface PartitionedFiles {
  readonly values: readonly (string | null)[]
  readonly files: readonly ListedFile[]
}

const nullValue = '__HIVE_DEFAULT_PARTITION__'

/** The files by the values of their directories. Throws `invalid` unless all name the same columns. */
export function groupByPartition(
  files: readonly ListedFile[],
  names: readonly string[],
): readonly PartitionedFiles[] {
  const groups = new Map<string, { values: (string | null)[]; files: ListedFile[] }>()
  for (const file of files) {
    const pairs = pairsOf(file)
    if (pairs.map(([name]) => name).join('/') !== names.join('/')) {
      throw new HyperMeshError(
        'conflict',
        `the directories of ${printable(file.path)} do not name the partitions ${names.join(', ')}`,
      )
    }
    const values = pairs.map(([, value]) => value)
    const key = JSON.stringify(values)
    const group = groups.get(key) ?? { values, files: [] }
    group.files.push(file)
    groups.set(key, group)
  }
  return [...groups.values()]
}

/** The columns that the directories of the files name, with the narrowest type that holds all. */
export function inferPartitions(files: readonly ListedFile[]): readonly PartitionColumn[] {
  const [first] = files
  const names = first === undefined ? [] : pairsOf(first).map(([name]) => name)
  const groups = groupByPartition(files, names)
  return names.map((name, index) => {
    const values = groups.flatMap((group) => group.values[index] ?? [])
    return { name, type: typeOf(values) }
  })
}

function typeOf(values: readonly string[]): PartitionColumn['type'] {
  const all = (pattern: RegExp) => values.length > 0 && values.every((value) => pattern.test(value))
  // A leading zero would be lost in a number.
  if (all(/^-?(0|[1-9]\d{0,17})$/)) return 'BIGINT'
  return all(/^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/) ? 'DATE' : 'VARCHAR'
}

function pairsOf({ path }: ListedFile): [string, string | null][] {
  return dirname(path)
    .split(sep)
    .flatMap((segment): [string, string | null][] => {
      const at = segment.indexOf('=')
      if (at < 1) return []
      const [name, value] = [segment.slice(0, at), segment.slice(at + 1)].map(decode)
      return [[name ?? '', value === nullValue ? null : (value ?? '')]]
    })
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // A percent sign that encodes nothing is itself.
    return text
  }
}
