import { setTimeout as sleep } from 'node:timers/promises'
import type { TableName } from '@hypermesh/contract'
import type { Append, AppendAnswer } from './append-planner.ts'
import type { Caller } from './caller.ts'
import { queueKeyOf } from './table-rules.ts'

/** When appends wait for each other, and for how many. */
export interface GroupBounds {
  /** 0: only those that have to wait for a commit under way anyway. */
  readonly windowMs: number
  readonly appendsMax: number
  readonly rowsMax: number
  readonly bytesMax: number
}

type Answers = ReadonlyMap<Append, AppendAnswer>

/** A group on its way to its commit. */
export interface ClosingGroup {
  /** In whose name the record is; each of the group stands in it too. */
  readonly caller: Caller
  /** The members; from the first call on there will be no more. */
  readonly close: () => readonly Append[]
}

export type CommitGroup = (name: TableName, group: ClosingGroup) => Promise<Answers>

interface Group {
  readonly appends: Append[]
  readonly done: Promise<Answers>
  readonly full: AbortController
  rows: number
  bytes: number
}

/**
 * Small appends into one table that come at about the same time land as one commit. A group takes
 * members from its first one until its own turn to commit comes: at least for the window, and for as
 * long as another commit of the table is under way.
 */
export class AppendGroups {
  readonly #bounds: GroupBounds
  readonly #commit: CommitGroup
  readonly #open = new Map<string, Group>()

  constructor(bounds: GroupBounds, commit: CommitGroup) {
    this.#bounds = bounds
    this.#commit = commit
  }

  /** Whether an append may share a snapshot: small, and it needs the table only as it is. */
  takes({ caller, request }: Append): boolean {
    const { rows, bytes } = sizeOf(request)
    return (
      caller.replay === undefined &&
      request.mode === 'append' &&
      request.base !== null &&
      request.schema === undefined &&
      this.#bounds.appendsMax > 1 &&
      rows <= this.#bounds.rowsMax &&
      bytes <= this.#bounds.bytesMax
    )
  }

  /** The answer to this append, once the group's commit is durable. Requires: `takes`. */
  async add(name: TableName, append: Append): Promise<AppendAnswer> {
    const key = queueKeyOf(name)
    const { rows, bytes } = sizeOf(append.request)
    let group = this.#open.get(key)
    if (group === undefined || !this.#fits(group, { rows, bytes })) {
      if (group !== undefined) this.#seal(key, group)
      group = this.#begin(key, name, append.caller)
    }
    group.appends.push(append)
    group.rows += rows
    group.bytes += bytes
    if (group.appends.length >= this.#bounds.appendsMax) this.#seal(key, group)
    const answer = (await group.done).get(append)
    if (answer === undefined) throw new TypeError('a group has not answered one of its appends')
    return answer
  }

  #begin(key: string, name: TableName, caller: Caller): Group {
    const appends: Append[] = []
    const full = new AbortController()
    const group: Group = {
      appends,
      full,
      rows: 0,
      bytes: 0,
      done: this.#wait(full.signal).then(() =>
        this.#commit(name, {
          caller,
          close: () => {
            this.#seal(key, group)
            return appends
          },
        }),
      ),
    }
    this.#open.set(key, group)
    return group
  }

  /** Lets nobody in any more, and need not wait any longer. */
  #seal(key: string, group: Group): void {
    if (this.#open.get(key) === group) this.#open.delete(key)
    group.full.abort()
  }

  /** For the window, or until the group can take no more. */
  async #wait(full: AbortSignal): Promise<void> {
    if (this.#bounds.windowMs === 0) return
    await sleep(this.#bounds.windowMs, undefined, { signal: full }).catch(() => undefined)
  }

  #fits(group: Group, more: { readonly rows: number; readonly bytes: number }): boolean {
    const { appendsMax, rowsMax, bytesMax } = this.#bounds
    return (
      group.appends.length < appendsMax &&
      group.rows + more.rows <= rowsMax &&
      group.bytes + more.bytes <= bytesMax
    )
  }
}

function sizeOf({ files }: Append['request']): { rows: number; bytes: number } {
  return {
    rows: files.reduce((sum, file) => sum + file.recordCount, 0),
    bytes: files.reduce((sum, file) => sum + file.fileBytes, 0),
  }
}
