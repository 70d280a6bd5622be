import type { ByteSink } from './byte-sink.ts'
import { doubleText } from './scalar-text.ts'
import type { ValueWriter } from './value-writer.ts'

/** Fewer significant digits than this tell every double from its neighbours: no other text is as short. */
const decimalMax = 1e15
/** Below it JavaScript writes an exponent. */
const plainMin = 1e-6
const placesTried = [3, 6, 9] as const
const units = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9] as const

/**
 * The shortest text that reads back the same. A number that is a decimal of few places, as most in a
 * column of measures or amounts are, is written by arithmetic: the quotient of its digits and a power
 * of ten is rounded as reading the text is, so that it is the number proves the text.
 */
export function doubleWriter(values: Float64Array, sink: ByteSink): ValueWriter {
  // What fitted last fits the next.
  let places = 2
  return (index) => {
    const value = values[index] as number
    const magnitude = Math.abs(value)
    if (Math.floor(magnitude) === magnitude && magnitude <= Number.MAX_SAFE_INTEGER) {
      if (magnitude === 0 && Object.is(value, -0)) sink.ascii('-0')
      else sink.integer(value)
      return
    }
    if (magnitude >= plainMin && magnitude < decimalMax) {
      const found = placesOf(magnitude, places)
      if (found > 0) {
        places = found
        writeDecimal(sink, value, found)
        return
      }
    }
    if (Number.isFinite(value)) sink.ascii(doubleText(value))
    else sink.ascii(`"${value}"`)
  }
}

/** So many digits after the point are enough; 0: not known to be. */
function placesOf(magnitude: number, likely: number): number {
  if (isDecimal(magnitude, likely)) return likely
  for (const places of placesTried) {
    if (isDecimal(magnitude, places)) return places
  }
  return 0
}

function isDecimal(magnitude: number, places: number): boolean {
  const unit = units[places] as number
  const digits = Math.floor(magnitude * unit + 0.5)
  return digits < decimalMax && digits / unit === magnitude
}

function writeDecimal(sink: ByteSink, value: number, places: number): void {
  const unit = units[places] as number
  const digits = Math.floor(Math.abs(value) * unit + 0.5)
  const whole = Math.floor(digits / unit)
  if (value < 0) sink.byte(45)
  sink.integer(whole)
  sink.byte(46)
  sink.padded(digits - whole * unit, places)
  sink.cutZeros()
}
