import {
  exportArrow,
  exportCsv,
  exportHif,
  exportNdjson,
  importArrow,
  importCsv,
  importHif,
  importNdjson,
} from '../lib/index.ts'

/** How hyperedges leave and come back. */
export const formats = {
  ndjson: { write: exportNdjson, read: importNdjson },
  hif: { write: exportHif, read: importHif },
  arrow: { write: exportArrow, read: importArrow },
  csv: { write: exportCsv, read: importCsv },
} as const

export const formatNames = ['ndjson', 'hif', 'arrow', 'csv'] as const
