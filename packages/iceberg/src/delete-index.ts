import type { Long } from '@hypermesh/contract'
import type { DataFile } from './manifest-types.ts'
import { type BoundPartitionField, isUnpartitioned } from './partition-spec.ts'
import { partitionText } from './partition-tuple.ts'
import { positionDeleteFields } from './position-delete-scan.ts'

/** A live data or delete file with the number and the spec that say what applies to what. */
export interface ScannedFile {
  readonly file: DataFile
  readonly sequenceNumber: Long
  readonly specId: number
  /** The snapshot that added it. */
  readonly snapshotId: Long
}

export interface ApplicableDeletes {
  /** Files that may name rows of the data file by their position. */
  readonly positions: readonly ScannedFile[]
  readonly equalities: readonly ScannedFile[]
}

/**
 * Which delete files apply to a data file (table specification, "Scan Planning"). A position delete
 * reaches data of its own commit and before; an equality delete only data from before.
 */
export class DeleteIndex {
  readonly #fields: ReadonlyMap<number, readonly BoundPartitionField[]>
  readonly #positionsByPath = new Map<string, ScannedFile[]>()
  readonly #positionsByPartition = new Map<string, ScannedFile[]>()
  readonly #equalitiesByPartition = new Map<string, ScannedFile[]>()
  readonly #globalEqualities: ScannedFile[] = []

  readonly #keyOf: (path: string) => string

  constructor(
    deletes: readonly ScannedFile[],
    fields: ReadonlyMap<number, readonly BoundPartitionField[]>,
    /** One text for every spelling of one file's name. */
    keyOf: (path: string) => string,
  ) {
    this.#fields = fields
    this.#keyOf = keyOf
    for (const each of deletes) this.#add(each)
  }

  applicableTo(data: ScannedFile): ApplicableDeletes {
    const partition = this.#partitionOf(data)
    const before = (each: ScannedFile) => BigInt(data.sequenceNumber) < BigInt(each.sequenceNumber)
    const upTo = (each: ScannedFile) => BigInt(data.sequenceNumber) <= BigInt(each.sequenceNumber)
    return {
      positions: [
        ...(this.#positionsByPath.get(this.#keyOf(data.file.path)) ?? []),
        ...(this.#positionsByPartition.get(partition) ?? []),
      ].filter(upTo),
      equalities: [
        ...this.#globalEqualities,
        ...(this.#equalitiesByPartition.get(partition) ?? []),
      ].filter(before),
    }
  }

  #add(each: ScannedFile): void {
    const { file, specId } = each
    if (file.content === 1) {
      const path = namedFile(file)
      if (path === undefined) push(this.#positionsByPartition, this.#partitionOf(each), each)
      else push(this.#positionsByPath, this.#keyOf(path), each)
    } else if (isUnpartitioned(this.#fields.get(specId) ?? [])) {
      this.#globalEqualities.push(each)
    } else push(this.#equalitiesByPartition, this.#partitionOf(each), each)
  }

  #partitionOf({ file, specId }: ScannedFile): string {
    return `${specId} ${partitionText(this.#fields.get(specId) ?? [], file.partition)}`
  }
}

/** The one data file that a position delete file is about; undefined when there may be several. */
function namedFile(file: DataFile): string | undefined {
  if (file.referencedFile !== null) return file.referencedFile
  // The bounds of the column that names data files tell which.
  const { id } = positionDeleteFields.path
  const [lower, upper] = [file.lowerBounds.get(id), file.upperBounds.get(id)]
  if (lower === undefined || upper === undefined || Buffer.compare(lower, upper) !== 0) {
    return undefined
  }
  return Buffer.from(lower).toString('utf8')
}

function push(map: Map<string, ScannedFile[]>, key: string, each: ScannedFile): void {
  const held = map.get(key)
  if (held === undefined) map.set(key, [each])
  else held.push(each)
}
