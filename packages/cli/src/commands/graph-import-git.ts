import type { HyperMeshClient } from '@hypermesh/client'
import { HyperMeshError } from '@hypermesh/contract'
import { batchesOf } from '../batches.ts'
import type { CommandContext } from '../command-context.ts'
import { UsageError } from '../failure.ts'
import { commitHyperedge, commitTable } from '../git-hyperedges.ts'
import { isShallow, readCommits } from '../git-log.ts'
import type { Commit } from '../git-log-records.ts'
import { type GraphTarget, parseGraphTarget } from '../graph-target.ts'
import { formatDuration, formatPlural } from '../quantities.ts'
import { formatTotals, parseCount } from './graph-tables.ts'

export interface ImportGitFlags {
  readonly into?: string
  readonly revision: string
  readonly filesMax: string
}

const batchCommitsMax = 500

/** The commits of a repository as hyperedges; those that are there already are left alone. */
export async function runGraphImportGit(
  context: CommandContext,
  repository: string,
  flags: ImportGitFlags,
): Promise<void> {
  const { terminal, json, signal, connect } = context
  if (flags.into === undefined) throw new UsageError('give --into DATABASE.TABLE')
  const target = parseGraphTarget(flags.into)
  const filesMax = parseCount(flags.filesMax, '--files-max')
  const shallow = await isShallow(repository)
  const { client } = await connect()
  await ensureTable(client, target, signal)
  const startedAtMs = performance.now()
  let [inserted, duplicates, cut] = [0, 0, 0]
  const commits = readCommits(repository, { revision: flags.revision, filesMax, signal })
  for await (const batch of batchesOf<Commit>(commits, batchCommitsMax)) {
    const hyperedges = batch.map(commitHyperedge)
    const receipt = await client.insertHyperedges(target, { hyperedges }, { signal })
    inserted += receipt.inserted
    duplicates += receipt.duplicates
    cut += batch.filter(({ files, fileCount }) => files.length < fileCount).length
  }
  if (json) return terminal.print(JSON.stringify({ inserted, duplicates, cut, shallow }))
  const took = formatDuration(performance.now() - startedAtMs)
  terminal.print(`${formatTotals(inserted, duplicates)} in ${took}`)
  if (cut > 0) {
    terminal.note(
      `${formatPlural(cut, 'commit')} changed more than ${filesMax} files: see --files-max`,
    )
  }
  if (shallow) terminal.note('the clone is shallow: older commits are not in it')
}

/** Makes the table where it is missing; one that is there is taken as it is. */
async function ensureTable(
  client: HyperMeshClient,
  target: GraphTarget,
  signal: AbortSignal,
): Promise<void> {
  try {
    await client.createGraphTable(target.database, commitTable(target.table), { signal })
  } catch (error) {
    if (error instanceof HyperMeshError && error.code === 'exists') return
    throw error
  }
}
