import { parseArgs } from 'node:util'
import { figuresOf } from './bench-child.ts'
import { askingCores, measuredCore } from './cores.ts'
import type { Bench, Figure } from './figures.ts'

const parts: Readonly<Record<string, string>> = {
  http: 'http-child.ts',
  'sql-join': 'sql-join-child.ts',
  analytics: 'analytics-child.ts',
}

/**
 * The graph service through the gateway, with key, log and figures: the server has one core, those who ask the
 * others. Every answer is checked.
 *
 *   npm run bench -- graph [--only http --only sql-join --only analytics …]
 */
export const bench: Bench = async () => {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: { only: { type: 'string', multiple: true } },
  })
  const unknown = values.only?.find((part) => !Object.hasOwn(parts, part))
  if (unknown !== undefined) {
    throw new Error(`no part ${unknown}: ${Object.keys(parts).join(', ')}`)
  }
  const figures: Figure[] = []
  for (const [part, script] of Object.entries(parts)) {
    if (values.only?.includes(part) === false) continue
    const from = new URL(`./graph/${script}`, import.meta.url)
    // What is measured here is asked by nobody else.
    const cores = part === 'analytics' ? measuredCore : askingCores
    figures.push(...(await figuresOf(from, { cores })))
  }
  return figures
}
