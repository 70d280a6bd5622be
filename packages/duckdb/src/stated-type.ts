import { lossyText } from './csv-reader.ts'

/** SQL that is true of a text that cannot be held exactly by a type; null texts fit every type. */
export function misfitText(text: string, type: string): string {
  const value = `TRY_CAST(${text} AS ${type})`
  const lossy = lossyText(text, type)
  const differs = `CAST(${value} AS VARCHAR) IS DISTINCT FROM ${text}`
  const inexact =
    lossy === undefined
      ? 'false'
      : type.startsWith('TIMESTAMP')
        ? lossy
        : `(${differs} AND ${lossy})`
  return `(${text} IS NOT NULL AND (${value} IS NULL OR ${inexact}))`
}

export function misfitReason(column: string, text: string, type: string): string {
  return `column "${column}" holds "${text.slice(0, 40)}", which is not a ${type}`
}
