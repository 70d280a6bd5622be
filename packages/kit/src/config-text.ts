import { parse } from 'smol-toml'
import type { z } from 'zod'

/** `dataDir` → `data_dir`. */
export function toSnakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/** The environment variable of a setting: `gateway`, `metricsOpen` → HYPERMESH_GATEWAY__METRICS_OPEN. */
export function environmentName(table: string, key: string): string {
  return `HYPERMESH_${toSnakeCase(table)}__${toSnakeCase(key)}`.toUpperCase()
}

/**
 * What a text of the environment may mean, by the type that the setting has: the text itself, a TOML
 * value (8080, true, ["a"]), or a list with commas.
 */
export function fromEnvironmentText(text: string, schema: z.ZodType): unknown {
  const readings = [text, tomlValue(text), listOf(text)].filter((value) => value !== undefined)
  const fitting = readings.find((value) => schema.safeParse(value).success)
  return fitting ?? tomlValue(text) ?? text
}

function tomlValue(text: string): unknown {
  try {
    return parse(`value = ${text}`).value
  } catch {
    return undefined
  }
}

function listOf(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}
