import { readFileSync } from 'node:fs'
import { HyperMeshError, printable } from '@hypermesh/contract'
import { parse, TomlError } from 'smol-toml'
import { z } from 'zod'
import { environmentName, fromEnvironmentText, toSnakeCase } from './config-text.ts'
import { nearestName } from './nearest-name.ts'

/** One schema a table of the file; keys in camelCase there, in snake_case in the file. */
export type ConfigSchemas = Readonly<Record<string, z.ZodType>>

export type ConfigValues<Schemas extends ConfigSchemas> = {
  readonly [Table in keyof Schemas]: Readonly<z.output<Schemas[Table]>>
}

export interface ConfigSource {
  readonly kind: 'default' | 'file' | 'env' | 'flag'
  /** The path, the variable or the flag. */
  readonly name?: string
}

export interface Setting {
  readonly table: string
  /** As the file spells it. */
  readonly key: string
  readonly value: unknown
  readonly source: ConfigSource
  readonly description?: string | undefined
}

export interface LoadedConfig<Schemas extends ConfigSchemas> {
  readonly values: ConfigValues<Schemas>
  readonly settings: readonly Setting[]
}

export interface LoadConfigOptions<Schemas extends ConfigSchemas> {
  readonly schemas: Schemas
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The file. Absent: none is read. */
  readonly path?: string | undefined
  /** True: a file that is not there leaves the defaults. */
  readonly pathOptional?: boolean
  /** Given on the command line, by table and key in camelCase; they win. */
  readonly flags?: readonly ConfigFlag[]
}

export interface ConfigFlag {
  readonly table: string
  readonly key: string
  readonly value: unknown
  /** As typed, e.g. `--port`. */
  readonly name: string
}

type Given = Map<string, { readonly value: unknown; readonly source: ConfigSource }>

/**
 * File, then environment, then flags; what none of them sets has its default. Every fault is told at
 * once: an unknown table or key (with the nearest known), a wrong type, a value out of bounds.
 */
export function loadConfig<Schemas extends ConfigSchemas>(
  options: LoadConfigOptions<Schemas>,
): LoadedConfig<Schemas> {
  const faults: string[] = []
  const given: Given = new Map()
  collectFile(options, given, faults)
  collectEnvironment(options, given, faults)
  for (const { table, key, value, name } of options.flags ?? []) {
    given.set(`${table}.${key}`, { value, source: { kind: 'flag', name } })
  }
  const values = check(options.schemas, given, faults)
  if (faults.length > 0) throw configError(faults)
  return Object.freeze({
    // Every table of the schemas was parsed by its own schema just above.
    values: deepFreeze(values) as ConfigValues<Schemas>,
    settings: settingsOf(options.schemas, values, given),
  })
}

function configError(faults: readonly string[]): HyperMeshError {
  const heading = faults.length === 1 ? 'a fault' : `${faults.length} faults`
  const lines = faults.map((fault) => `  - ${fault}`).join('\n')
  return new HyperMeshError('invalid', `the configuration has ${heading}:\n${lines}`, {
    details: { faults },
  })
}

function collectFile(
  { path, pathOptional, schemas }: LoadConfigOptions<ConfigSchemas>,
  given: Given,
  faults: string[],
): void {
  if (path === undefined) return
  const tables = readToml(path, pathOptional === true, faults)
  for (const [tableText, content] of Object.entries(tables)) {
    const table = Object.keys(schemas).find((name) => toSnakeCase(name) === tableText)
    if (table === undefined) {
      const known = Object.keys(schemas).map(toSnakeCase)
      faults.push(`${path}: unknown table [${printable(tableText)}]${hint(tableText, known)}`)
    } else if (typeof content !== 'object' || content === null || Array.isArray(content)) {
      faults.push(`${path}: ${tableText} must be a table, written [${tableText}]`)
    } else {
      for (const [keyText, value] of Object.entries(content)) {
        const key = keysOf(schemas[table]).find((name) => toSnakeCase(name) === keyText)
        const known = keysOf(schemas[table]).map(toSnakeCase)
        if (key !== undefined) {
          given.set(`${table}.${key}`, { value, source: { kind: 'file', name: path } })
        } else {
          faults.push(
            `${path}: [${tableText}] has no key ${printable(keyText)}${hint(keyText, known)}`,
          )
        }
      }
    }
  }
}

function readToml(path: string, optional: boolean, faults: string[]): Record<string, unknown> {
  try {
    return parse(readFileSync(path, 'utf8'))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (optional && code === 'ENOENT') return {}
    if (error instanceof TomlError) {
      const reason = error.message.split('\n')[0]
      faults.push(`${path}:${error.line}:${error.column}: ${reason}`)
    } else faults.push(`${path} cannot be read: ${message}`)
    return {}
  }
}

// A name without `__` is left alone: container platforms inject HYPERMESH_PORT and the like.
function collectEnvironment(
  { environment, schemas }: LoadConfigOptions<ConfigSchemas>,
  given: Given,
  faults: string[],
): void {
  const known = new Map(
    Object.entries(schemas).flatMap(([table, schema]) =>
      keysOf(schema).map((key) => [environmentName(table, key), { table, key, schema }] as const),
    ),
  )
  for (const [name, text] of Object.entries(environment)) {
    if (text === undefined || !name.startsWith('HYPERMESH_') || !name.includes('__')) continue
    const setting = known.get(name)
    if (setting === undefined) {
      faults.push(`environment: no setting ${printable(name)}${hint(name, [...known.keys()])}`)
      continue
    }
    const value = fromEnvironmentText(text, shapeOf(setting.schema)[setting.key] ?? z.unknown())
    given.set(`${setting.table}.${setting.key}`, { value, source: { kind: 'env', name } })
  }
}

function check(schemas: ConfigSchemas, given: Given, faults: string[]): Record<string, object> {
  const values: Record<string, object> = {}
  for (const [table, schema] of Object.entries(schemas)) {
    const input: Record<string, unknown> = {}
    for (const key of keysOf(schema)) {
      const setting = given.get(`${table}.${key}`)
      if (setting) input[key] = setting.value
    }
    const parsed = schema.safeParse(input)
    if (parsed.success) values[table] = parsed.data as object
    else {
      for (const issue of parsed.error.issues) {
        faults.push(describeIssue(table, issue, given))
      }
    }
  }
  return values
}

function describeIssue(table: string, issue: z.core.$ZodIssue, given: Given): string {
  const [key, ...rest] = issue.path.map(String)
  const source = given.get(`${table}.${key}`)?.source
  const place = source?.kind === 'env' ? `environment ${source.name}` : source?.name
  const path = [toSnakeCase(key ?? ''), ...rest].join('.')
  return `${place ? `${place}: ` : ''}[${toSnakeCase(table)}] ${path}: ${issue.message}`
}

function settingsOf(
  schemas: ConfigSchemas,
  values: Record<string, object>,
  given: Given,
): Setting[] {
  return Object.entries(schemas).flatMap(([table, schema]) =>
    Object.entries(shapeOf(schema)).map(([key, part]) => ({
      table: toSnakeCase(table),
      key: toSnakeCase(key),
      ...(part.description === undefined ? {} : { description: part.description }),
      value: (values[table] as Record<string, unknown> | undefined)?.[key],
      source: given.get(`${table}.${key}`)?.source ?? { kind: 'default' as const },
    })),
  )
}

function shapeOf(schema: z.ZodType | undefined): Readonly<Record<string, z.ZodType>> {
  if (schema instanceof z.ZodObject) return schema.shape
  throw new TypeError('the schema of a configuration table must be a zod object')
}

function keysOf(schema: z.ZodType | undefined): string[] {
  return Object.keys(shapeOf(schema))
}

function hint(name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known)
  return nearest === undefined ? `; known are ${known.join(', ')}` : `; did you mean ${nearest}?`
}

function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) {
    if (typeof part === 'object' && part !== null && !Object.isFrozen(part)) deepFreeze(part)
  }
  return Object.freeze(value)
}
