import { PassThrough } from 'node:stream'
import { Terminal } from '../src/terminal.ts'

/** A terminal of a given width whose output a test can read. */
export function capturedTerminal(columns?: number): {
  terminal: Terminal
  stdout: () => string
  stderr: () => string
} {
  const open = () => {
    const chunks: Buffer[] = []
    const stream = new PassThrough()
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    const isTTY = columns !== undefined
    return {
      stream: Object.assign(stream, { isTTY, columns: columns ?? 0, hasColors: () => false }),
      text: () => Buffer.concat(chunks).toString(),
    }
  }
  const [out, err] = [open(), open()]
  const terminal = new Terminal({
    stdin: new PassThrough(),
    stdout: out.stream,
    stderr: err.stream,
  })
  return { terminal, stdout: out.text, stderr: err.text }
}
