import type { CreateGraphTableRequest, GraphHyperedgeInput } from '@hypermesh/contract'
import type { Commit } from './git-log-records.ts'

/** The table that commits fit into. */
export function commitTable(table: string): CreateGraphTableRequest {
  return {
    table,
    members: ['author', 'file'],
    properties: {
      subject: 'string',
      files: 'int64',
      lines_added: 'int64',
      lines_deleted: 'int64',
    },
  }
}

/**
 * A commit as a relationship of those who made it and the files that it changed. Its key is the hash of
 * the commit, so that it is written once however often it comes.
 */
export function commitHyperedge(commit: Commit): GraphHyperedgeInput {
  const { hash, committedAt, authors, files, subject, fileCount } = commit
  return {
    at: new Date(committedAt * 1000).toISOString(),
    members: { author: [...authors], ...(files.length === 0 ? {} : { file: [...files] }) },
    key: hash,
    props: {
      subject,
      files: fileCount,
      lines_added: commit.linesAdded,
      lines_deleted: commit.linesDeleted,
    },
  }
}
