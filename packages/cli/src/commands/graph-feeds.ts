import type { GraphFeed, GraphFeedRequest } from '@hypermesh/contract'
import { oneLine } from '../cell-text.ts'
import type { CommandContext } from '../command-context.ts'
import { UsageError } from '../failure.ts'
import { parseGraphTarget } from '../graph-target.ts'
import { formatCount, formatPlural } from '../quantities.ts'

export interface FeedFlags {
  readonly from?: string
  readonly query?: string
  readonly time: string
  readonly until?: string
  readonly member: readonly string[]
  readonly weight?: string
  readonly label?: string
  /** As the option: `--key` is the API key. */
  readonly id?: string
  readonly property: readonly string[]
  readonly manual?: boolean
  readonly skipBadRows?: boolean
  readonly replace?: boolean
}

export async function runFeedSet(
  context: CommandContext,
  name: string,
  flags: FeedFlags,
): Promise<void> {
  const request = toFeedRequest(flags)
  const { client } = await context.connect()
  printFeed(
    context,
    await client.putGraphFeed(parseGraphTarget(name), request, { signal: context.signal }),
  )
}

export async function runFeedShow(context: CommandContext, name: string): Promise<void> {
  const { client } = await context.connect()
  printFeed(context, await client.getGraphFeed(parseGraphTarget(name), { signal: context.signal }))
}

export async function runFeedSync(context: CommandContext, name: string): Promise<void> {
  const { client } = await context.connect()
  printFeed(context, await client.syncGraphFeed(parseGraphTarget(name), { signal: context.signal }))
}

export async function runFeedEnd(
  { terminal, signal, connect }: CommandContext,
  name: string,
): Promise<void> {
  await (await connect()).client.deleteGraphFeed(parseGraphTarget(name), { signal })
  terminal.print(`${name} is fed no more; its hyperedges stay`)
}

function toFeedRequest(flags: FeedFlags): GraphFeedRequest {
  const { from, query, time, until, member, weight, label, id: key } = flags
  if ((from === undefined) === (query === undefined)) {
    throw new UsageError('give --from or --query, one of them')
  }
  if (member.length === 0) throw new UsageError('give --member COLUMN or COLUMN=ROLE, once or more')
  const named = { table: from, query, until, weight, label, key }
  return {
    time,
    members: member.map((text) => {
      const [column = '', role] = pairOf(text)
      return { column, ...(role === undefined ? {} : { role }) }
    }),
    properties: Object.fromEntries(
      flags.property.map((text) => {
        const [name, column] = pairOf(text)
        return [name, column ?? name]
      }),
    ),
    ...Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined)),
    ...(flags.manual ? { mode: 'manual' } : {}),
    ...(flags.skipBadRows ? { on_bad_rows: 'skip' } : {}),
    ...(flags.replace ? { replace: true } : {}),
  }
}

/** `name=other`; a name may hold `=`, so the last one counts. */
function pairOf(text: string): [string, string | undefined] {
  const at = text.lastIndexOf('=')
  return at < 1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}

function printFeed({ terminal, json }: CommandContext, feed: GraphFeed): void {
  if (json) {
    terminal.print(JSON.stringify(feed))
    return
  }
  const { rows, bad_rows: bad, behind_ms: behindMs, last_error: failed } = feed
  const from = oneLine(feed.table ?? feed.query ?? '')
  terminal.print(`${feed.database}.${feed.graph_table} from ${from}: ${feed.state}`)
  const behind = feed.rows_behind === undefined ? '' : `, ${formatCount(feed.rows_behind)} behind`
  const since = behindMs === undefined || behindMs === 0 ? '' : ` since ${Math.round(behindMs)} ms`
  terminal.print(`${formatPlural(rows, 'row')} taken${behind}${since}`)
  if (bad.count > 0) terminal.note(`${formatPlural(bad.count, 'bad row')} left out`)
  if (failed !== undefined) terminal.note(`${failed.code}: ${oneLine(failed.message)}`)
}
