import { HyperMeshError, limits } from '@hypermesh/contract'
import { formatStatement } from '../../src/language/format-statement.ts'
import { parseStatement } from '../../src/language/parse-statement.ts'
import { statements } from './_statements.ts'

const bounds = limits.parse({})
/** Looks at tokens a byte of text: a parse that goes over the text again and again would be above. */
const stepsPerByte = 40
const stepsBeside = 400
const allowed: ReadonlySet<string> = new Set(['invalid', 'invalid_name', 'too_large'])
const scraps = [
  ...'()[]{}:;,.<>=+-*/%$`\'"\\\n\t \0\u{1f600}\ud800',
  ...['->', '..', '<>', '!=', '//', '/*', '*/', '--', '1e999', '18446744073709551616', '0.1', '9'],
  ...['E; DELETE FROM api_keys; --', "' OR 1=1", '`a b`', '$', '$x', 'x'.repeat(65)],
  ...`ALTER AND AS ASC BETWEEN BY CALL CONTAINS COPY CREATE DELETE DESC DISTINCT DROP ENDS EXPLAIN
   FALSE FROM HYPEREDGE IF IN INSERT INTO IS LIMIT MATCH NOT NULL ON OR ORDER RETURN SET SHOW SKIP STARTS
   TABLE TRUE UNWIND UPDATE VALUES WHERE WITH PATH EARLIEST TTL PROPERTIES members he OF`.split(
    /\s+/,
  ),
]

export interface FuzzCount {
  readonly inputs: number
  readonly trees: number
  readonly refused: number
}

/** A generator of numbers below a bound, the same for the same seed. */
function randomOf(seed: number): (bound: number) => number {
  let state = seed >>> 0 || 1
  return (bound) => {
    state ^= state << 13
    state >>>= 0
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state % bound
  }
}

/** Parses so many texts near to statements and far from them; throws at anything but a tree or an error of its kinds. */
export function fuzzQueries(inputs: number, seed: number): FuzzCount {
  const random = randomOf(seed)
  let trees = 0
  for (let input = 0; input < inputs; input++) {
    const text = textOf(random)
    const work = { steps: 0 }
    try {
      const tree = parseStatement(text, bounds, work)
      trees += 1
      if (input % 16 === 0) assertStable(formatStatement(tree))
    } catch (error) {
      const isTyped = error instanceof HyperMeshError && allowed.has(error.code)
      if (!isTyped) throw failure(text, seed, error)
    }
    if (work.steps > text.length * stepsPerByte + stepsBeside) {
      throw failure(text, seed, `${work.steps} steps`)
    }
  }
  return { inputs, trees, refused: inputs - trees }
}

function assertStable(text: string): void {
  if (formatStatement(parseStatement(text, bounds)) !== text) throw new Error(`unstable: ${text}`)
}

function failure(text: string, seed: number, cause: unknown): Error {
  return new Error(`seed ${seed}: ${JSON.stringify(text.slice(0, 2000))}: ${cause}`, { cause })
}

function textOf(random: (bound: number) => number): string {
  const kind = random(10)
  if (kind === 0) return soup(random)
  if (kind === 1) return bytes(random)
  if (kind === 2) return deep(random)
  let text = pick(statements, random)
  for (let changes = random(3); changes >= 0; changes--) text = mutate(text, random)
  return text
}

function soup(random: (bound: number) => number): string {
  return Array.from({ length: random(40) }, () => pick(scraps, random)).join(
    pick(['', ' '], random),
  )
}

function bytes(random: (bound: number) => number): string {
  return Buffer.from(Array.from({ length: random(80) }, () => random(256))).toString('utf8')
}

/** One thing again and again, in a place where an expression stands. */
function deep(random: (bound: number) => number): string {
  const openings = [
    '(',
    '[',
    '{a:',
    'NOT ',
    '-',
    'x IN [',
    'f(',
    'he.members(',
    '1+',
    '1 AND ',
    '1,',
  ]
  const opening = pick(openings, random)
  const times = random(random(50) === 0 ? 20_000 : 200)
  return `MATCH HYPEREDGE (he:E) WHERE ${opening.repeat(times)}1 RETURN *`
}

function mutate(text: string, random: (bound: number) => number): string {
  const at = random(text.length + 1)
  const end = Math.min(text.length, at + random(12))
  switch (random(6)) {
    case 0:
      return text.slice(0, at) + text.slice(end)
    case 1:
      return text.slice(0, at) + pick(scraps, random) + text.slice(at)
    case 2:
      return text.slice(0, at) + pick(scraps, random) + text.slice(end)
    case 3:
      return text.slice(0, end) + text.slice(at)
    case 4: {
      const other = pick(statements, random)
      return text.slice(0, at) + other.slice(random(other.length))
    }
    default:
      return text.slice(0, at) + String.fromCharCode(random(65_536)) + text.slice(at + 1)
  }
}

function pick<Value>(values: readonly Value[], random: (bound: number) => number): Value {
  // Within the bounds.
  return values[random(values.length)] as Value
}
