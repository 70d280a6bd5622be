import type { SqlStream } from '@hypermesh/client'
import type { SqlReply } from '@hypermesh/contract'
import { cellText, isRightAligned } from './cell-text.ts'
import { formatBytes, formatCount, formatDuration, formatPlural } from './quantities.ts'
import { printTable } from './table-print.ts'
import type { Terminal } from './terminal.ts'

/** Prints a result as a table, and below it what the server measured. */
export function printResult(terminal: Terminal, reply: SqlReply): void {
  const hidden = printTable(
    terminal,
    reply.columns.map((column) => ({ ...column, right: isRightAligned(column) })),
    reply.rows.map((row) =>
      reply.columns.map((column, index) => {
        const value = row[index] ?? null
        return value === null ? null : cellText(value, column)
      }),
    ),
  )
  terminal.print(terminal.style('dim', resultFacts(reply)))
  if (reply.truncated !== null) {
    terminal.note(terminal.styleNote('yellow', cutNote(reply)))
  }
  if (hidden > 0) {
    terminal.note(
      terminal.styleNote(
        'yellow',
        `${formatPlural(hidden, 'column')} did not fit; name those you need, or use --format csv`,
      ),
    )
  }
}

/** `3 rows · 12 ms · read 1 of 4 files (41 kB), 3 pruned`. */
export function resultFacts(reply: SqlReply): string {
  const total = reply.filesPlanned + reply.filesPruned
  const scan =
    reply.filesPruned > 0
      ? `read ${formatCount(reply.filesPlanned)} of ${formatPlural(total, 'file')} (${formatBytes(reply.bytesPlanned)}), ${formatCount(reply.filesPruned)} pruned`
      : `read ${formatPlural(total, 'file')} (${formatBytes(reply.bytesPlanned)})`
  return [
    formatPlural(reply.rowCount, 'row'),
    formatDuration(reply.elapsedMs),
    ...(total > 0 ? [scan] : []),
  ].join(' · ')
}

function cutNote({ truncated, rowCount }: SqlReply): string {
  return truncated === 'rows'
    ? `cut at ${formatPlural(rowCount, 'row')}; --max-rows shows more`
    : `cut after ${formatPlural(rowCount, 'row')}: the result is too large for one reply; use --format csv, ndjson or arrow`
}

/** Copies a result to standard output as it arrives; says so when a limit has cut it. */
export async function copyResult(terminal: Terminal, stream: SqlStream): Promise<void> {
  const last = await copyBytes(terminal, stream.body)
  if (stream.format === 'json' && last !== 10) terminal.print()
  const { truncated } = stream.facts
  if (truncated) {
    terminal.note(
      terminal.styleNote(
        'yellow',
        `the result was cut by the limit on ${truncated}; see --max-rows`,
      ),
    )
  }
}

/** Copies bytes to standard output, no faster than they are taken; returns the last one. */
export async function copyBytes(
  terminal: Terminal,
  body: ReadableStream<Uint8Array>,
): Promise<number | undefined> {
  let last: number | undefined
  for await (const chunk of body) {
    last = chunk.at(-1) ?? last
    if (!terminal.stdout.write(chunk)) await drained(terminal)
  }
  return last
}

function drained({ stdout }: Terminal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stdout.off('drain', done)
      stdout.off('close', done)
      resolve()
    }
    stdout.on('drain', done)
    stdout.on('close', done)
  })
}
