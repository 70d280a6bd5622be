import { type Check, type Finding, filesOf } from './source-tree.ts'

const linesMax = 400
const linesWarned = 300

/** A file that needs scrolling holds two things. */
export const checkFileLength: Check = (tree) => {
  const findings: Finding[] = []
  for (const [path, text] of filesOf(tree, /\.(ts|mjs|cc|h)$/)) {
    const lines = text.split('\n').length - 1
    if (lines <= linesWarned) continue
    const isWarning = lines <= linesMax
    const bound = isWarning ? linesWarned : linesMax
    findings.push({
      path,
      line: bound + 1,
      message: `${lines} lines, over ${bound}; split it by what it owns`,
      isWarning,
    })
  }
  return findings
}
