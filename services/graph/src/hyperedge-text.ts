import type { ColumnBatch, ResultColumn, TableSchema } from '@hypermesh/engine'
import { microsToText, microsToTexts } from '@hypermesh/engine'
import { toJsonText } from './json-nodes.ts'

/** A column of a batch, as the text of a field of one row. */
type Field = (row: number) => string

const propertyKind = 10

/** The rows of a batch as JSON texts, made from its columns: there are no objects in between. */
export function hyperedgeTexts<Row>(batch: ColumnBatch<Row>, schema: TableSchema): string[] {
  if (batch.rowCount === 0) return []
  const fields: Field[] = []
  const properties: Field[] = []
  for (const name of batch.columnNames) {
    const column = batch.column(name)
    if (column.kind === propertyKind)
      properties.push(propertyField(batch, { name, column, schema }))
    else fields.push(fixedField(batch, name))
  }
  if (properties.length > 0) fields.push((row) => `"props":{${joined(properties, row)}}`)
  const texts = new Array<string>(batch.rowCount)
  for (let row = 0; row < texts.length; row += 1) texts[row] = `{${joined(fields, row)}}`
  return texts
}

function joined(fields: readonly Field[], row: number): string {
  let text = ''
  for (const field of fields) text += text === '' ? field(row) : `,${field(row)}`
  return text
}

function fixedField<Row>(batch: ColumnBatch<Row>, name: string): Field {
  if (name === 'at') {
    const at = microsToTexts(batch.eventTs)
    return (row) => `"at":"${at[row]}"`
  }
  if (name === 'until') {
    const until = microsToTexts(batch.validTo)
    return (row) => {
      const text = until[row] ?? null
      return text === null ? '"until":null' : `"until":"${text}"`
    }
  }
  if (name === 'members') return membersField(batch)
  if (name === 'roles') return rolesField(batch)
  const values = batch.values(name)
  return (row) => `"${name}":${toJsonText(values[row])}`
}

function membersField<Row>(batch: ColumnBatch<Row>): Field {
  const { members, memberOffsets: offsets } = batch
  return (row) => {
    const end = offsets[row + 1] ?? 0
    let text = '"members":['
    for (let at = offsets[row] ?? 0; at < end; at += 1) {
      if (at !== offsets[row]) text += ','
      text += toJsonText(members[at])
    }
    return `${text}]`
  }
}

/** Null where no member has one, as rows have it. */
function rolesField<Row>(batch: ColumnBatch<Row>): Field {
  const { roles } = batch
  const offsets = batch.column('roles').offsets ?? new Uint32Array(1)
  return (row) => {
    const end = offsets[row + 1] ?? 0
    let text = ''
    let hasRole = false
    for (let at = offsets[row] ?? 0; at < end; at += 1) {
      const role = roles[at] ?? null
      hasRole ||= role !== null
      text += `${text === '' ? '' : ','}${toJsonText(role)}`
    }
    return hasRole ? `"roles":[${text}]` : '"roles":null'
  }
}

interface Property {
  /** Of the column: `props.<name>` where a fixed column has the property’s name. */
  readonly name: string
  readonly column: ResultColumn
  readonly schema: TableSchema
}

function propertyField<Row>(batch: ColumnBatch<Row>, { name, column, schema }: Property): Field {
  const property = schema.properties[column.property]
  const head = `${JSON.stringify(property?.name ?? name)}:`
  if (property?.type === 'timestamp') {
    const { values, validity } = column
    return (row) => {
      const micros = values[row]
      const has = validity === undefined || ((validity[row >> 3] ?? 0) >> (row & 7)) & 1
      return has && typeof micros === 'bigint' ? `${head}"${microsToText(micros)}"` : `${head}null`
    }
  }
  const values = batch.values(name)
  return (row) => head + toJsonText(values[row])
}
