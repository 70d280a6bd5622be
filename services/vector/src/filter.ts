import { HyperMeshError, type Limits, printable } from '@hypermesh/contract'
import { filterTextMax, type MetadataField, type Scalar } from './metadata-field.ts'
import type { MetadataFields } from './metadata-fields.ts'

export type Filter =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Filter[] }
  | { readonly kind: 'not'; readonly part: Filter }
  | { readonly kind: 'exists'; readonly field: MetadataField }
  | { readonly kind: 'any'; readonly field: MetadataField; readonly values: readonly Scalar[] }
  | { readonly kind: 'prefix'; readonly field: MetadataField; readonly text: string }
  | { readonly kind: 'range'; readonly field: MetadataField; readonly range: FilterRange }

export interface FilterRange {
  readonly operator: 'lt' | 'lte' | 'gt' | 'gte'
  readonly bound: string | number
}

type FilterLimits = Pick<Limits, 'vectorFilterConditionsMax' | 'vectorFilterValuesMax'>

interface Parse {
  readonly fields: MetadataFields
  readonly limits: FilterLimits
  conditions: number
  values: number
}

const operators = ['eq', 'ne', 'lt', 'lte', 'gt', 'gte', 'in', 'exists', 'prefix'] as const
const depthMax = 32

/** Reads a filter as the contract writes it, against the fields that there are. */
export function parseFilter(value: unknown, fields: MetadataFields, limits: FilterLimits): Filter {
  return parseTree(value, { fields, limits, conditions: 0, values: 0 }, 0)
}

function parseTree(value: unknown, parse: Parse, depth: number): Filter {
  if (depth > depthMax) throw invalid(`it is nested deeper than ${depthMax} levels`)
  if (!isObject(value)) throw invalid('it and each of its parts must be an object')
  const parts = Object.entries(value).map(([name, inner]) => {
    if ((name === 'and' || name === 'or') && Array.isArray(inner)) {
      if (inner.length === 0) throw invalid(`${name} has no parts`)
      const listed = inner.map((each) => parseTree(each, parse, depth + 1))
      return { kind: name, parts: listed } as const
    }
    if (name === 'not') return { kind: 'not', part: parseTree(inner, parse, depth + 1) } as const
    return parseField(parse.fields.get(name), inner, parse)
  })
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : { kind: 'and', parts }
}

function parseField(field: MetadataField, value: unknown, parse: Parse): Filter {
  if (!isObject(value)) return parseCondition(field, { operator: 'eq', operand: value }, parse)
  const parts = Object.entries(value).map(([operator, operand]) =>
    parseCondition(field, { operator, operand }, parse),
  )
  if (parts.length === 0) throw invalid(`${printable(field.name)} has no condition`)
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : { kind: 'and', parts }
}

function parseCondition(
  field: MetadataField,
  { operator, operand }: { operator: string; operand: unknown },
  parse: Parse,
): Filter {
  parse.conditions += 1
  if (parse.conditions > parse.limits.vectorFilterConditionsMax) {
    throw tooMany('vector_filter_conditions_max', parse.limits.vectorFilterConditionsMax)
  }
  if (field.declared === 'text' && operator !== 'exists') {
    throw invalid(`${printable(field.name)} is text, which is searched, not filtered`)
  }
  switch (operator) {
    case 'eq':
      return { kind: 'any', field, values: [parseScalar(field, operand, parse)] }
    case 'ne':
      return {
        kind: 'not',
        part: { kind: 'any', field, values: [parseScalar(field, operand, parse)] },
      }
    case 'in':
      if (!Array.isArray(operand)) throw invalid(`${printable(field.name)}: in takes a list`)
      return {
        kind: 'any',
        field,
        values: operand.map((each) => parseScalar(field, each, parse)),
      }
    case 'exists':
      if (typeof operand !== 'boolean') throw invalid('exists takes true or false')
      return operand ? { kind: 'exists', field } : { kind: 'not', part: { kind: 'exists', field } }
    case 'prefix':
      return { kind: 'prefix', field, text: parsePrefix(field, operand, parse) }
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte': {
      const bound = parseScalar(field, operand, parse)
      if (typeof bound === 'boolean') throw invalid(`${operator} takes a number or a text`)
      return { kind: 'range', field, range: { operator, bound } }
    }
    default:
      throw invalid(`no condition "${printable(operator)}"; there are ${operators.join(', ')}`)
  }
}

function parsePrefix(field: MetadataField, operand: unknown, parse: Parse): string {
  if (typeof operand !== 'string') throw invalid('prefix takes a text')
  if (field.declared !== undefined && field.declared !== 'keyword') {
    throw invalid(`${printable(field.name)} is ${field.declared}; prefix is for keyword`)
  }
  return String(parseScalar(field, operand, parse))
}

function parseScalar(field: MetadataField, value: unknown, parse: Parse): Scalar {
  parse.values += 1
  if (parse.values > parse.limits.vectorFilterValuesMax) {
    throw tooMany('vector_filter_values_max', parse.limits.vectorFilterValuesMax)
  }
  if (typeof value === 'string') {
    if (value.length > filterTextMax) {
      throw invalid(`a text of a filter has at most ${filterTextMax} characters`)
    }
    return field.toColumn(value)
  }
  if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) {
    return field.toColumn(value)
  }
  const what = value === null ? 'null; use exists' : 'a list or an object'
  throw invalid(`${printable(field.name)} is compared with ${what}`)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function invalid(why: string): HyperMeshError {
  return new HyperMeshError('invalid', `the filter is not valid: ${why}`)
}

function tooMany(limit: string, countMax: number): HyperMeshError {
  return new HyperMeshError(
    'too_large',
    `the filter has more than ${countMax}, the limit ${limit}`,
    {
      details: { limit, countMax },
    },
  )
}
