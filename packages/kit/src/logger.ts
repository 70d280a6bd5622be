import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino'
import { systemClock } from './clock.ts'

export type { Logger } from 'pino'

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

/** Of what cannot be written, so much waits for the next line that can; the rest is lost. */
const unwrittenBytesMax = 1024 * 1024

let standardError: DestinationStream | undefined

/** One JSON object a line. Without a destination it writes to standard error, see `turnsOf`. */
export function createLogger(level: LogLevel, destination?: DestinationStream): Logger {
  const options: LoggerOptions = {
    level,
    base: null,
    timestamp: isoTime,
    formatters: { level: (label) => ({ level: label }) },
  }
  return pino(options, destination ?? ownStandardError())
}

function ownStandardError(): DestinationStream {
  if (standardError !== undefined) return standardError
  const target = pino.destination({ fd: 2, sync: true, maxLength: unwrittenBytesMax })
  // A full disk under the log must not end the process.
  target.on('error', () => undefined)
  standardError = turnsOf(target)
  return standardError
}

/** So much is written at once, and before the turn ends where there is more. */
const heldCharactersMax = 64 * 1024

/**
 * The lines of one turn of the event loop in one write, at its end or that of the process: a call of the
 * system for each would be a good part of what a small request costs.
 */
function turnsOf(target: DestinationStream): DestinationStream {
  let held = ''
  const flush = () => {
    if (held === '') return
    const lines = held
    held = ''
    target.write(lines)
  }
  process.on('exit', flush)
  return {
    write: (line) => {
      if (held === '') setImmediate(flush)
      held += line
      if (held.length >= heldCharactersMax) flush()
    },
  }
}

let second = { atMs: Number.NaN, text: '' }

/** As pino has it, with the seconds written once for all lines of each. */
function isoTime(): string {
  const nowMs = systemClock.nowMs()
  const ms = nowMs % 1000
  if (nowMs - ms !== second.atMs) {
    second = { atMs: nowMs - ms, text: new Date(nowMs).toISOString().slice(0, -4) }
  }
  return `,"time":"${second.text}${String(ms).padStart(3, '0')}Z"`
}
