import { type Check, type Finding, filesOf, linesOf } from './source-tree.ts'

/** Lowest first: a file includes from its own layer and those before it. */
const layers = ['base', 'platform', 'storage', 'index', 'graph', 'query', 'binding', 'test']

/** The public headers name the database, which graph makes. */
const layerOfPublicHeaders = 'graph'
const nodeHeaders = /^(node|node_api|js_native_api|napi|uv|v8)\b.*\.h$/

/** The core stays free of Node, and each of its layers of those above. */
export const checkEngineLayers: Check = (tree) => {
  const findings: Finding[] = []
  for (const [path, text] of filesOf(tree, /^engine\/.*\.(cc|h)$/)) {
    const own = path.slice('engine/'.length)
    const layer = layerOf(own) ?? ''
    if (!layers.includes(layer)) {
      const message = `${layer} is no layer, add it to scripts/tidy/engine-layers.ts`
      findings.push({ path, line: 1, message })
      continue
    }
    for (const [line, match] of linesOf(text, /^\s*#\s*include\s*([<"])([^>"]+)[>"]/)) {
      const message = faultOf(own, layer, { isSystem: match[1] === '<', name: match[2] ?? '' })
      if (message !== undefined) findings.push({ path, line, message })
    }
  }
  return findings
}

interface Include {
  readonly isSystem: boolean
  readonly name: string
}

function faultOf(own: string, layer: string, { isSystem, name }: Include): string | undefined {
  if (isSystem) {
    if (layer === 'binding' || !nodeHeaders.test(name)) return undefined
    return `the core knows no Node, use ${name} in binding`
  }
  const included = layerOf(name)
  if (included === undefined) return `"${name}" is no place, write the include from engine/`
  // Tests and what several of them share stand beside what they test, and use the runner.
  if (included === 'test' && /_test(_\w+)?\.(cc|h)$/.test(own)) return undefined
  if (layers.indexOf(included) <= layers.indexOf(layer)) return undefined
  const place = name.slice(0, name.lastIndexOf('/'))
  return `${layer} may not include ${place}, move what it needs to a lower layer`
}

/** `core/graph/flush.cc` → graph; undefined where the path does not start at engine/. */
function layerOf(path: string): string | undefined {
  const [first = '', second = ''] = path.split('/')
  if (first === 'core') return second
  if (first === 'include') return layerOfPublicHeaders
  return first === 'binding' || first === 'test' ? first : undefined
}
