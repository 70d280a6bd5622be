import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { HyperMeshClient } from '@hypermesh/client'
import type { AppendFilesReply } from '@hypermesh/contract'
import type { Warehouse } from '@hypermesh/iceberg'
import type { Logger } from '@hypermesh/kit'
import { hasErrno, writeDurable } from '@hypermesh/object-store'
import { z } from 'zod'

/** What is about to be published, written before the first file is: what a crash leaves behind. */
const intentSchema = z.object({
  commitId: z.string(),
  /** Differs in every attempt, also of one commit id: whose files the commit names. */
  attempt: z.string(),
  table: z.string(),
  keys: z.array(z.string()),
  /** The log's position before the commit could be first sent: where a search for it begins. */
  sinceSeq: z.number().int().min(0),
})
export type LoadIntent = z.infer<typeof intentSchema>

const intentFile = 'intent.json'
export const directoryPrefix = 'ingest-'

export async function writeIntent(directory: string, intent: LoadIntent): Promise<void> {
  await writeDurable(join(directory, intentFile), JSON.stringify(intent), {
    mode: 'replace',
    temporary: directory,
    what: 'intent of a load',
  })
}

/** Frees what else a load's directory takes up while it waits to be settled. */
export async function keepIntentOnly(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (name !== intentFile) await rm(join(directory, name), { recursive: true, force: true })
  }
}

async function readIntent(directory: string): Promise<LoadIntent | undefined> {
  try {
    return intentSchema.parse(JSON.parse(await readFile(join(directory, intentFile), 'utf8')))
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

/** What the log says of an intent. */
export interface IntentOutcome {
  /** A commit names these very files. Otherwise no commit does, and from now on none ever will. */
  readonly namesFiles: boolean
  /** What was committed under the intent's commit id, by whichever attempt. */
  readonly commit: AppendFilesReply | null
}

/** Ends doubt about a load: the log decides. */
export async function outcomeOf(
  intent: LoadIntent,
  { catalog, signal }: Pick<SettleParts, 'catalog' | 'signal'>,
): Promise<IntentOutcome> {
  const { commitId, attempt, sinceSeq } = intent
  const { outcome, commit } = await catalog.settleCommit(commitId, { sinceSeq }, { signal })
  return { namesFiles: outcome === 'committed' && isOfAttempt(commit, attempt), commit }
}

/** A commit that does not say whose it is counts as this attempt's: its files are not deleted. */
export function isOfAttempt(commit: AppendFilesReply | null, attempt: string): boolean {
  const named = commit?.receipt?.attempt
  return typeof named !== 'string' || named === attempt
}

/** Settles what one load's directory holds, and removes the directory. */
export async function settleLoad(
  directory: string,
  parts: SettleParts,
  logger: Logger,
): Promise<void> {
  const intent = await readIntent(directory)
  if (intent !== undefined) {
    const { namesFiles } = await outcomeOf(intent, parts)
    if (!namesFiles) for (const key of intent.keys) await parts.warehouse.store.delete(key)
    const { commitId, table } = intent
    logger.info(
      { commitId, table, outcome: namesFiles ? 'committed' : 'abandoned' },
      'load settled',
    )
  }
  await rm(directory, { recursive: true, force: true })
}

/** Settles every load that a dead process had begun to publish. */
export async function recoverLoads(
  abandoned: readonly string[],
  parts: SettleParts,
  logger: Logger,
): Promise<void> {
  for (const process of abandoned) {
    for (const name of await listLoads(process)) {
      await settleLoad(join(process, name), parts, logger)
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
