import type { HnswImage, HnswIndex } from '../src/index.ts'

/** All pieces of an image as one. */
export async function readImage(image: HnswImage): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const piece of image.pieces()) pieces.push(piece)
  return Buffer.concat(pieces)
}

export async function saved(index: HnswIndex): Promise<Uint8Array> {
  return readImage(await index.save())
}
