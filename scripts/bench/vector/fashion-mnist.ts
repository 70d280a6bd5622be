import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { VectorData } from './dataset.ts'

const folder = '/usr/share/datasets/fashion-mnist'
const imageHeaderBytes = 16
const labelHeaderBytes = 8

/** 60,000 pictures of clothes of 28 × 28, as Debian has them; undefined where they are not installed. */
export function fashionMnist(queryCount = 1000): VectorData | undefined {
  if (!existsSync(folder)) {
    console.log('no Fashion-MNIST: apt-get install dataset-fashion-mnist')
    return undefined
  }
  const dimension = 784
  const queries = floats(read('t10k-images-idx3-ubyte', imageHeaderBytes)).subarray(
    0,
    queryCount * dimension,
  )
  const vectors = floats(read('train-images-idx3-ubyte', imageHeaderBytes))
  return {
    name: 'fmnist',
    dimension,
    metric: 'l2',
    count: vectors.length / dimension,
    vectors,
    queryCount,
    queries,
    classes: {
      vectors: read('train-labels-idx1-ubyte', labelHeaderBytes),
      queries: read('t10k-labels-idx1-ubyte', labelHeaderBytes).subarray(0, queryCount),
    },
  }
}

function read(name: string, headerBytes: number): Uint8Array {
  return gunzipSync(readFileSync(`${folder}/${name}.gz`)).subarray(headerBytes)
}

function floats(bytes: Uint8Array): Float32Array {
  return Float32Array.from(bytes)
}
