import { HyperMeshError } from '@hypermesh/contract'
import type { ObjectStore } from '@hypermesh/object-store'
import { type AsyncBuffer, parquetMetadataAsync, type SchemaElement } from 'hyparquet'
import { type FileSchema, type FooterElement, toFileSchema } from './file-schema.ts'

/** Most footers are smaller; a larger one costs a second read. */
const footerBytesFirst = 64 * 1024

/** The columns of a Parquet file from its footer; `invalid` for a file that is none. */
export async function readFileSchema(
  store: ObjectStore,
  file: { readonly key: string; readonly bytes: number },
): Promise<FileSchema> {
  const buffer: AsyncBuffer = {
    byteLength: file.bytes,
    slice: (start, end) => readRange(store, file.key, { start, end: end ?? file.bytes }),
  }
  const elements = await parquetMetadataAsync(buffer, {
    initialFetchSize: footerBytesFirst,
    geoparquet: false,
  })
    .then(({ schema }) => schema.map(toElement))
    .catch((cause: unknown) => {
      if (cause instanceof HyperMeshError) throw cause
      throw new HyperMeshError('invalid', `${file.key} is no parquet file`, { cause })
    })
  return toFileSchema(elements, JSON.stringify(elements))
}

function toElement(element: SchemaElement): FooterElement {
  const { name, field_id: fieldId, num_children: childCount = 0 } = element
  const logical = element.logical_type?.type
  const isMap = element.converted_type?.startsWith('MAP') === true || logical === 'MAP'
  const isList = element.converted_type === 'LIST' || logical === 'LIST'
  return {
    name,
    fieldId,
    childCount,
    repeated: element.repetition_type === 'REPEATED',
    annotation: isList ? 'list' : isMap ? 'map' : undefined,
    type: element.type,
  }
}

async function readRange(
  store: ObjectStore,
  key: string,
  range: { readonly start: number; readonly end: number },
): Promise<ArrayBuffer> {
  if (range.end <= range.start) return new ArrayBuffer(0)
  await using object = await store.get(key, { range })
  const chunks: Uint8Array[] = []
  for await (const chunk of object.body) chunks.push(chunk)
  const joined = Buffer.concat(chunks)
  return joined.buffer.slice(joined.byteOffset, joined.byteOffset + joined.byteLength)
}
