import {
  BIGINT,
  BLOB,
  type DuckDBConnection,
  DuckDBScalarFunction,
  type DuckDBType,
  HUGEINT,
  INTEGER,
} from '@duckdb/node-api'
import duckdb from '@duckdb/node-bindings'
import { type ColumnVector, columnVectors, TextVector } from './column-vector.ts'

/** Hashes that SQL lacks; each gives 32 bits, signed. */
export interface HashFunctions {
  readonly bytes: (value: Uint8Array) => number
  readonly long: (value: bigint) => number
  /** Of an unscaled value. */
  readonly decimal: (value: bigint) => number
}

/**
 * Gives SQL the functions `hash_bytes`, `hash_long` and `hash_decimal`. They run on the event loop,
 * some two thousand rows at a time; DuckDB's threads wait for them meanwhile.
 */
export function defineHashFunctions(connection: DuckDBConnection, hashes: HashFunctions): void {
  define(connection, 'hash_bytes', BLOB, (vector) => {
    const texts = new TextVector(vector)
    return (index) => {
      texts.locate(index)
      return hashes.bytes(texts.source.subarray(texts.start, texts.end))
    }
  })
  define(connection, 'hash_long', BIGINT, (vector) => {
    const view = viewOf(vector.data(8))
    return (index) => hashes.long(view.getBigInt64(8 * index, true))
  })
  define(connection, 'hash_decimal', HUGEINT, (vector) => {
    const view = viewOf(vector.data(16))
    return (index) => {
      const high = view.getBigInt64(16 * index + 8, true)
      return hashes.decimal((high << 64n) | view.getBigUint64(16 * index, true))
    }
  })
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

function define(
  connection: DuckDBConnection,
  name: string,
  parameter: DuckDBType,
  open: (vector: ColumnVector) => (index: number) => number,
): void {
  const scalar = DuckDBScalarFunction.create({
    name,
    returnType: INTEGER,
    parameterTypes: [parameter],
    // A constant is not folded while a statement is planned: that happens on the event loop itself.
    volatile: true,
    mainFunction: (_, input, output) => {
      const [vector] = columnVectors(input)
      const hashes = new Int32Array(input.rowCount)
      if (vector === undefined) return
      const hashOf = open(vector)
      for (let index = 0; index < hashes.length; index += 1) {
        // Values behind a null are never looked at; SQL asks only where there is one.
        if (vector.isValid(index)) hashes[index] = hashOf(index)
      }
      duckdb.copy_data_to_vector(handleOf(output), 0, hashes.buffer, 0, hashes.byteLength)
    },
  })
  connection.registerScalarFunction(scalar)
}

/** A private field of the binding's class; the package is pinned, and tests write by it. */
function handleOf(vector: object): duckdb.Vector {
  return (vector as unknown as { readonly vector: duckdb.Vector }).vector
}
