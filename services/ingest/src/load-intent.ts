import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { HyperMeshClient } from '@hypermesh/client'
import { type AppendFilesReply, parseTableName } from '@hypermesh/contract'
import type { Warehouse } from '@hypermesh/iceberg'
import type { Logger } from '@hypermesh/kit'
import { hasErrno, writeDurable } from '@hypermesh/object-store'
import { z } from 'zod'
import { findTable } from './catalog-access.ts'
import { summaryKeys } from './content-identity.ts'

/** What is about to be published, written before the first file is: what a crash leaves behind. */
const intentSchema = z.object({
  commitId: z.string(),
  /** Differs in every attempt, also of one commit id: whose files the commit names. */
  attempt: z.string(),
  table: z.string(),
  keys: z.array(z.string()),
})
export type LoadIntent = z.infer<typeof intentSchema>

const fileName = 'intent.json'
export const directoryPrefix = 'ingest-'

export async function writeIntent(directory: string, intent: LoadIntent): Promise<void> {
  await writeDurable(join(directory, fileName), JSON.stringify(intent), {
    mode: 'replace',
    temporary: directory,
    what: 'intent of a load',
  })
}

async function readIntent(directory: string): Promise<LoadIntent | undefined> {
  try {
    return intentSchema.parse(JSON.parse(await readFile(join(directory, fileName), 'utf8')))
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return undefined
    throw error
  }
}

export interface SettleParts {
  readonly catalog: HyperMeshClient
  readonly warehouse: Warehouse
  readonly signal: AbortSignal
}

/**
 * Ends doubt about a load. The log decides: either its commit is there and names these files, or
 * it never will be and they are deleted. Returns what was committed, if it was.
 */
export async function settleIntent(
  { catalog, warehouse, signal }: SettleParts,
  intent: LoadIntent,
): Promise<Pick<AppendFilesReply, 'snapshotId' | 'receipt'> | undefined> {
  const { outcome, commit } = await catalog.settleCommit(intent.commitId, { signal })
  if (outcome === 'committed' && commit?.receipt?.attempt === intent.attempt) return commit
  // Commit ids are forgotten after a time; the snapshot still tells whose files it names.
  const table = await findTable(catalog, parseTableName(intent.table), signal)
  const named = table?.metadata.snapshots?.find(
    (snapshot) => snapshot.summary?.[summaryKeys.attempt] === intent.attempt,
  )
  if (named !== undefined) return { snapshotId: Number(named['snapshot-id']), receipt: null }
  for (const key of intent.keys) await warehouse.store.delete(key)
  return undefined
}

/** Settles every load that a dead process had begun to publish. */
export async function recoverLoads(
  abandoned: readonly string[],
  parts: SettleParts,
  logger: Logger,
): Promise<void> {
  for (const process of abandoned) {
    for (const name of await listLoads(process)) {
      const intent = await readIntent(join(process, name))
      if (intent === undefined) continue
      const committed = await settleIntent(parts, intent)
      const outcome = committed === undefined ? 'abandoned' : 'committed'
      logger.info({ commitId: intent.commitId, table: intent.table, outcome }, 'load recovered')
    }
  }
}

async function listLoads(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).filter((name) => name.startsWith(directoryPrefix)).sort()
  } catch (error) {
    // Another process that starts at the same time has settled and removed it.
    if (hasErrno(error, 'ENOENT')) return []
    throw error
  }
}
