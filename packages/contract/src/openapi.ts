import { z } from 'zod'
import type { RouteContract } from './route-contract.ts'
import { routes } from './routes.ts'

/** The contract as an OpenAPI 3.1 document. */
export function openApi(version: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const [id, route] of Object.entries<RouteContract>(routes)) {
    const path = route.path.replace(/:(\w+)(\{[^}]*\})?/g, '{$1}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(id, route) }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'HyperMesh', version, license: { name: 'Apache-2.0' } },
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' },
      },
    },
  }
}

function operation(id: string, route: RouteContract): Record<string, unknown> {
  return {
    operationId: id,
    summary: route.summary,
    tags: [route.service],
    security: route.access === 'open' ? [] : [{ bearer: [] }, { apiKey: [] }],
    ...(route.access === 'open' ? {} : { 'x-access': route.access }),
    parameters: [...pathParameters(route), ...queryParameters(route)],
    ...(route.body === undefined
      ? {}
      : { requestBody: { required: true, content: content(route.body, 'input', route.form) } }),
    responses: {
      [route.status]: {
        description: 'success',
        ...(route.reply === undefined ? {} : { content: content(route.reply, 'output') }),
      },
      ...(route.accepted === undefined
        ? {}
        : { 202: { description: 'accepted', content: content(route.accepted, 'output') } }),
      default: { description: 'an error; its body has `error.code`' },
    },
  }
}

function pathParameters(route: RouteContract): unknown[] {
  return [...route.path.matchAll(/:(\w+)/g)].map((match) => ({
    name: match[1],
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
}

function queryParameters(route: RouteContract): unknown[] {
  return Object.entries(route.query?.shape ?? {}).map(([name, schema]) => ({
    name,
    in: 'query',
    required: false,
    schema: jsonSchema(schema as z.ZodType, 'input'),
  }))
}

const formOfFiles = {
  type: 'object',
  properties: { file: { type: 'array', items: { type: 'string', format: 'binary' } } },
}

function content(
  schema: z.ZodType | 'bytes' | 'files',
  io: 'input' | 'output',
  isForm = false,
): Record<string, unknown> {
  if (schema === 'files') return { 'multipart/form-data': { schema: formOfFiles } }
  const type = isForm ? 'application/x-www-form-urlencoded' : 'application/json'
  return schema === 'bytes'
    ? { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } }
    : { [type]: { schema: jsonSchema(schema, io) } }
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): unknown {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    reused: 'inline',
  })
  return rest
}
