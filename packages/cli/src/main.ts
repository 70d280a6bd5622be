import { exitCodes } from './failure.ts'
import { runCli } from './run-cli.ts'
import { Terminal } from './terminal.ts'

const interruption = new AbortController()

function onSignal(): void {
  // The second time is meant: nothing is waited for.
  if (interruption.signal.aborted) process.exit(exitCodes.interrupted)
  interruption.abort()
}
process.on('SIGINT', onSignal)
process.on('SIGTERM', onSignal)

// The reader of a pipe went away (`| head`): there is nobody left to write to.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(exitCodes.ok)
    // Said without the stream that failed, if that is the one for errors too.
    if (stream !== process.stderr) {
      process.stderr.write(`error: the output could not be written (${error.code})\n`)
    }
    process.exit(exitCodes.failed)
  })
}

process.exitCode = await runCli(process.argv.slice(2), new Terminal(), interruption.signal)
