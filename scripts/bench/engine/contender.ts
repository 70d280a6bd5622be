import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { Dataset } from './dataset.ts'
import type { Answer, Question } from './workload.ts'

/** One database under measurement, driven through its public JavaScript API. */
export interface Contender {
  readonly name: string
  /** Version and the settings that matter, durability first. */
  readonly settings: string
  /** What the load needs to have outside of the database, e.g. a CSV file. Not timed. */
  prepare?(data: Dataset): Promise<void>
  /** Loads everything, in as few transactions as it likes, indexes included. */
  load(data: Dataset): Promise<void>
  /** Undefined when this database is no contender for the question. */
  answer(question: Question): Answer | Promise<Answer> | undefined
  /** Makes filters of properties read everything, where they have indexes. */
  dropIndexes?(): void | Promise<void>
  /** One durable commit of edges [from, to) of the data, kept as `load` keeps them. */
  commit(data: Dataset, from: number, to: number): void | Promise<void>
  close(): Promise<void>
}

/** Opens a new database in an empty directory, or what a killed process left there. */
export type OpenContender = (directory: string) => Promise<Contender>

/** A package of the bench's own folder, which is installed apart from ours. */
export function peer<T>(name: string): T {
  return createRequire(new URL('../peers/package.json', import.meta.url))(name) as T
}

export function versionOf(name: string): string {
  const manifest = peer<{ readonly version: string }>(
    fileURLToPath(new URL(`../peers/node_modules/${name}/package.json`, import.meta.url)),
  )
  return `${name} ${manifest.version}`
}
