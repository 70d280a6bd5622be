import type { Readable, Writable } from 'node:stream'
import type { ReadStream, WriteStream } from 'node:tty'

const codes = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
} as const
export type Style = keyof typeof codes

/** Where a command writes, and what that place can show. */
export class Terminal {
  readonly stdin: Readable & Partial<Pick<ReadStream, 'isTTY'>>
  readonly stdout: Writable & Partial<Pick<WriteStream, 'isTTY' | 'columns' | 'hasColors'>>
  readonly stderr: Writable & Partial<Pick<WriteStream, 'isTTY' | 'columns' | 'hasColors'>>

  constructor(streams: Pick<Terminal, 'stdin' | 'stdout' | 'stderr'> = process) {
    this.stdin = streams.stdin
    this.stdout = streams.stdout
    this.stderr = streams.stderr
  }

  /** The width to fit tables into; none when the output is a file or a pipe. */
  get columns(): number | undefined {
    return this.stdout.isTTY ? (this.stdout.columns ?? 80) : undefined
  }

  /** A person types and reads here. */
  get isInteractive(): boolean {
    return this.stdin.isTTY === true && this.stdout.isTTY === true
  }

  /** Writes a line of the result. */
  print(line = ''): void {
    this.stdout.write(`${line}\n`)
  }

  /** Writes a line beside the result: notes, progress, errors. */
  note(line: string): void {
    this.stderr.write(`${line}\n`)
  }

  /** Colours text for standard output, where that shows colours. */
  style(style: Style, text: string): string {
    return paint(this.stdout.hasColors?.() === true, style, text)
  }

  /** Colours text for standard error. */
  styleNote(style: Style, text: string): string {
    return paint(this.stderr.hasColors?.() === true, style, text)
  }
}

function paint(hasColors: boolean, style: Style, text: string): string {
  const [on, off] = codes[style]
  return hasColors ? `\u001b[${on}m${text}\u001b[${off}m` : text
}
