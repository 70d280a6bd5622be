import { runCommand } from './tools/command-line.ts'

// A pipe that is closed early, as by head, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exitCode = 0
})

process.exitCode = await runCommand(process.argv.slice(2), {
  input: process.stdin,
  output: process.stdout,
  errors: process.stderr,
  // The second one ends the process.
  onInterrupt: (stop) => process.once('SIGINT', stop),
})
