import { type DuckDBType, DuckDBTypeId } from '@duckdb/node-api'
import type { ByteSink } from './byte-sink.ts'
import { writeClock, writeDate } from './civil-bytes.ts'
import { dateText, timestampText, timeText } from './civil-text.ts'
import type { ColumnVector } from './column-vector.ts'
import { durationText } from './scalar-text.ts'
import type { ValueWriter } from './value-writer.ts'

/** Dates, times and intervals, each as a JSON string. */
export function temporalWriter(
  vector: ColumnVector,
  type: DuckDBType,
  sink: ByteSink,
): ValueWriter | undefined {
  switch (type.typeId) {
    case DuckDBTypeId.DATE: {
      const data = vector.data(4)
      const days = new Int32Array(data.buffer, data.byteOffset, vector.count)
      return (index) => {
        const day = days[index] as number
        sink.byte(34)
        if (!writeDate(sink, day)) sink.ascii(dateOrInfinity(day))
        sink.byte(34)
      }
    }
    case DuckDBTypeId.TIMESTAMP:
    case DuckDBTypeId.TIMESTAMP_TZ:
      return microsWriter(vector, type.typeId === DuckDBTypeId.TIMESTAMP_TZ ? 'Z' : '', sink)
    case DuckDBTypeId.TIMESTAMP_S:
      return ticksWriter(vector, sink, (ticks) => timestampOrInfinity(ticks, 0))
    case DuckDBTypeId.TIMESTAMP_MS:
      return ticksWriter(vector, sink, (ticks) => timestampOrInfinity(ticks, 3))
    case DuckDBTypeId.TIMESTAMP_NS:
      return ticksWriter(vector, sink, (ticks) => timestampOrInfinity(ticks, 9))
    case DuckDBTypeId.TIME:
      return ticksWriter(vector, sink, (ticks) => timeText(ticks, 6))
    case DuckDBTypeId.TIME_NS:
      return ticksWriter(vector, sink, (ticks) => timeText(ticks, 9))
    case DuckDBTypeId.TIME_TZ:
      return ticksWriter(vector, sink, zonedTimeText)
    case DuckDBTypeId.INTERVAL: {
      const read = intervalReader(vector)
      return (index) => sink.ascii(`"${read(index)}"`)
    }
    default:
      return undefined
  }
}

const endOfDays = 2_147_483_647
const endOfTicks = 2n ** 63n - 1n

function dateOrInfinity(days: number): string {
  if (days === endOfDays) return 'infinity'
  return days === -endOfDays ? '-infinity' : dateText(days)
}

function timestampOrInfinity(ticks: bigint, fractionDigits: number, zone = ''): string {
  if (ticks === endOfTicks) return 'infinity'
  return ticks === -endOfTicks ? '-infinity' : timestampText(ticks, fractionDigits) + zone
}

/** 40 bits of microseconds, then 24 bits that count the offset down from 15:59:59. */
function zonedTimeText(bits: bigint): string {
  const whole = BigInt.asUintN(64, bits)
  const offset = 57_599 - Number(whole & 0xffffffn)
  const ahead = Math.abs(offset)
  const two = (value: number) => String(value).padStart(2, '0')
  const seconds = ahead % 60 === 0 ? '' : `:${two(ahead % 60)}`
  const zone = `${two(Math.floor(ahead / 3600))}:${two(Math.floor(ahead / 60) % 60)}${seconds}`
  return `${timeText(whole >> 24n, 6)}${offset < 0 ? '-' : '+'}${zone}`
}

function intervalReader(vector: ColumnVector): (index: number) => string {
  const data = vector.data(16)
  const words = new Int32Array(data.buffer, data.byteOffset, vector.count * 4)
  const micros = new BigInt64Array(data.buffer, data.byteOffset, vector.count * 2)
  return (index) =>
    durationText(
      words[index * 4] as number,
      words[index * 4 + 1] as number,
      micros[index * 2 + 1] as bigint,
    )
}

function ticksWriter(
  vector: ColumnVector,
  sink: ByteSink,
  format: (ticks: bigint) => string,
): ValueWriter {
  const data = vector.data(8)
  const ticks = new BigInt64Array(data.buffer, data.byteOffset, vector.count)
  return (index) => sink.ascii(`"${format(ticks[index] as bigint)}"`)
}

const two32 = 4_294_967_296
const dayMicros = 86_400_000_000

/** The common case without big integers or strings. */
function microsWriter(vector: ColumnVector, zone: string, sink: ByteSink): ValueWriter {
  const data = vector.data(8)
  const low = new Uint32Array(data.buffer, data.byteOffset, vector.count * 2)
  const high = new Int32Array(data.buffer, data.byteOffset, vector.count * 2)
  const exact = new BigInt64Array(data.buffer, data.byteOffset, vector.count)
  return (index) => {
    const upper = high[index * 2 + 1] as number
    const micros = upper * two32 + (low[index * 2] as number)
    const day = Math.floor(micros / dayMicros)
    const isExact = upper >= -2_097_152 && upper < 2_097_152
    sink.byte(34)
    if (isExact && writeDate(sink, day)) {
      sink.byte(84)
      writeClock(sink, micros - day * dayMicros)
      sink.ascii(zone)
    } else sink.ascii(timestampOrInfinity(exact[index] as bigint, 6, zone))
    sink.byte(34)
  }
}
