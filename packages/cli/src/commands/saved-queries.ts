import { readFile } from 'node:fs/promises'
import type { SaveQueryRequest } from '@hypermesh/contract'
import type { CommandContext } from '../command-context.ts'
import { UsageError } from '../failure.ts'
import { formatInstant } from '../instant.ts'
import { withPosition } from '../sql-session.ts'
import { printTable } from '../table-print.ts'
import { openSession, type SqlFlags } from './sql.ts'

export interface PutFlags {
  readonly file?: string
  readonly param: readonly string[]
  readonly namespace?: string
  readonly description?: string
}

export async function runSavedList(context: CommandContext): Promise<void> {
  const { terminal, json, signal } = context
  const { client } = await context.connect()
  const { queries } = await client.listSavedQueries({ signal })
  if (json) return terminal.print(JSON.stringify(queries))
  if (queries.length === 0) return terminal.print('no saved queries')
  printTable(
    terminal,
    ['name', 'parameters', 'updated', 'description'].map((name) => ({ name })),
    queries.map(({ name, parameters, updatedAt, description }) => [
      name,
      parameters.map((parameter) => `${parameter.name} ${parameter.type}`).join(', '),
      formatInstant(updatedAt),
      description ?? '',
    ]),
  )
}

export async function runSavedShow(context: CommandContext, name: string): Promise<void> {
  const { terminal, json, signal } = context
  const { client } = await context.connect()
  const saved = await client.getSavedQuery(name, { signal })
  terminal.print(json ? JSON.stringify(saved) : saved.sql)
}

/** Checks the statement and keeps it; parameters are written `name:TYPE` or `name:TYPE=default`. */
export async function runSavedPut(
  context: CommandContext,
  name: string,
  statement: string | undefined,
  { file, param, namespace, description }: PutFlags,
): Promise<void> {
  const { terminal, json, signal } = context
  if ((statement === undefined) === (file === undefined)) {
    throw new UsageError('give a statement or --file, one of them')
  }
  const sql = statement ?? (await readFile(file ?? '', 'utf8'))
  const request: SaveQueryRequest = {
    sql,
    parameters: param.map(parseDeclared),
    ...(namespace === undefined ? {} : { namespace }),
    ...(description === undefined ? {} : { description }),
  }
  const { client } = await context.connect()
  try {
    const saved = await client.saveQuery(name, request, { signal })
    terminal.print(json ? JSON.stringify(saved) : `saved ${saved.name}`)
  } catch (error) {
    throw withPosition(error, sql)
  }
}

export async function runSavedDelete(context: CommandContext, name: string): Promise<void> {
  const { client } = await context.connect()
  await client.deleteSavedQuery(name, { signal: context.signal })
  context.terminal.print(`deleted ${name}`)
}

export async function runSavedRun(
  context: CommandContext,
  name: string,
  flags: SqlFlags,
): Promise<void> {
  const parameters = Object.fromEntries(flags.param.map(parseGiven))
  const session = await openSession(context, { ...flags, param: [] })
  await session.runSaved(name, parameters, context.signal)
}

/** As text: the server reads it as the type that the saved query names. */
function parseGiven(text: string): [string, string | null] {
  const at = text.indexOf('=')
  if (at < 1) throw new UsageError(`--param ${text}: write it as NAME=VALUE`)
  const value = text.slice(at + 1)
  return [text.slice(0, at), value === 'null' ? null : value]
}

function parseDeclared(text: string) {
  const [, name, type, , value] = /^(\w+):([^=]+)(=([\s\S]*))?$/.exec(text) ?? []
  if (name === undefined || type === undefined) {
    throw new UsageError(`--param ${text}: write it as NAME:TYPE or NAME:TYPE=DEFAULT`)
  }
  return { name, type: type.trim(), ...(value === undefined ? {} : { default: value }) }
}
