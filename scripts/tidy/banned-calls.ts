import { type Check, type Finding, filesOf, linesOf, shippedSource } from './source-tree.ts'

const calls = [
  {
    pattern: /^(?!\s*(\/?\*|\/\/)).*(\bDate\.now\(|\bnew Date\(\))/,
    exempt: /^packages\/(kit\/src\/clock\.ts$|object-store\/|cli\/)/,
    message: 'reads the time itself, take it from the clock in deps',
  },
  {
    pattern: /\bMath\.random\(/,
    exempt: /^$/,
    message: 'Math.random repeats and can be guessed, use randomUUID or randomBytes of node:crypto',
  },
  {
    pattern: /\bc\.header\(/,
    exempt: /^$/,
    message: 'is not sent with c.json, give c.json the headers',
  },
]

/** Calls that have one right place. Biome knows those of console and process.env. */
export const checkBannedCalls: Check = (tree) => {
  const findings: Finding[] = []
  for (const [path, text] of filesOf(tree, shippedSource)) {
    for (const { pattern, exempt, message } of calls) {
      if (exempt.test(path)) continue
      for (const [line] of linesOf(text, pattern)) findings.push({ path, line, message })
    }
    findings.push(...timersLeftRunning(path, text))
  }
  return findings
}

/** A timer that is neither cleared nor unreferenced keeps a process from ending. */
function timersLeftRunning(path: string, text: string): Finding[] {
  return [...linesOf(text, /\bset(Timeout|Interval)\(/)].flatMap(([line, match]) => {
    if (text.includes(`clear${match[1]}(`) || /\.unref\(\)|\bref: false\b/.test(text)) return []
    const message = `set${match[1]} is neither cleared nor unreferenced, so a stop waits for it; do either`
    return [{ path, line, message }]
  })
}
