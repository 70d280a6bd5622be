import type { Limits } from '@hypermesh/contract'
import {
  type DuckSession,
  readArrowColumns,
  readStagedByTemplate,
  stageArrowFiles,
} from '@hypermesh/duckdb'
import type { ListedFile } from './file-listing.ts'

interface StagingOptions {
  readonly stageName: string
  readonly empty: boolean
  readonly limits: Limits
  readonly signal: AbortSignal
}

/** Arrow files of a statement, whose rows are brought to tables of its session. */
export class StagedFiles {
  readonly #session: DuckSession
  readonly #template: readonly string[]
  readonly #options: StagingOptions
  #tables = 0

  constructor(session: DuckSession, template: readonly string[], options: StagingOptions) {
    this.#session = session
    this.#template = template
    this.#options = options
  }

  /** The SELECT of the files' rows: those with the same columns in the same order share a table. */
  async read(files: readonly ListedFile[]): Promise<string> {
    const { stageName, empty, limits, signal } = this.#options
    const groups = new Map<string, string[]>()
    for (const { realPath } of files) {
      const key = JSON.stringify(await readArrowColumns(realPath))
      groups.set(key, [...(groups.get(key) ?? []), realPath])
    }
    const selects: string[] = []
    for (const paths of groups.values()) {
      this.#tables += 1
      const table = `${stageName}_${this.#tables}`
      const { arrowBatchBytesMax, unpackedBytesMax } = limits
      await stageArrowFiles(this.#session, paths, {
        ...{ table, empty, arrowBatchBytesMax, unpackedBytesMax, signal },
      })
      selects.push(readStagedByTemplate(this.#template, table))
    }
    return selects.join(' UNION ALL ')
  }
}
