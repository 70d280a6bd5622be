import { basename } from 'node:path'
import { parseTableName } from '@hypermesh/contract'

const defaultNamespace = 'main'

/** `cars` means `main.cars`. */
export function parseTarget(text: string): string {
  const name = text.includes('.') ? text : `${defaultNamespace}.${text}`
  parseTableName(name)
  return name
}

/** The table that a file is loaded into when none is named: `2024 Sales.csv` → `main._2024_sales`. */
export function tableForFile(path: string): string {
  const stem = basename(path)
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/(?<=.)\.(gz|gzip|zst|zstd)$/, '')
    .replace(/(?<=.)\.[a-z0-9]+$/, '')
    .replace(/[^a-z0-9_]+/g, '_')
    .replace(/^_+|_+$/g, '')
  const name = /^[a-z]/.test(stem) ? stem : `_${stem}`
  return `${defaultNamespace}.${name.slice(0, 64)}`
}
