import type { Setting } from '@hypermesh/kit'
import { oneLine } from '../cell-text.ts'
import type { CommandContext } from '../command-context.ts'
import { loadSettings } from '../settings.ts'
import { printTable } from '../table-print.ts'

/** Shows every setting, its value, and where that comes from; secrets stay hidden. */
export async function runConfig({ terminal, json, options }: CommandContext): Promise<void> {
  const { settings } = await loadSettings(options)
  if (json) {
    terminal.print(JSON.stringify(settings))
    return
  }
  printTable(
    terminal,
    [{ name: 'setting' }, { name: 'value' }, { name: 'from' }],
    settings.map((setting) => [
      `[${setting.table}] ${setting.key}`,
      valueText(setting.value),
      sourceText(setting.source),
    ]),
  )
  terminal.print(
    terminal.style(
      'dim',
      'set one in lakehouse.toml, or in the environment as HYPERMESH_<TABLE>__<KEY>',
    ),
  )
}

function valueText(value: unknown): string {
  return value === undefined ? '' : oneLine(JSON.stringify(value))
}

function sourceText({ kind, name }: Setting['source']): string {
  if (kind === 'default') return 'default'
  return name === undefined ? kind : `${kind === 'file' ? 'file ' : ''}${oneLine(name)}`
}
