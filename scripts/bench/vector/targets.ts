/**
 * At recall@10 ≥ 0.99 on one thread: how many times the queries a CPU second of hnswlib-node. Codes of 8 bits
 * have it after all candidates were scored anew by the 16-bit vectors beside them.
 */
export const searchTargets: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  clu128: { f32: 1.5, f16: 2, i8: 1.5 },
  clu768: { f32: 1.5, f16: 2, i8: 1.5 },
  fmnist: { f32: 1.5 },
  text: { f32: 1.5, f16: 2 },
}

/** The same, f16 against f16. */
export const usearchTarget = 1.3
/** How many times faster than hnswlib-node a graph is built on one thread, and on two than on one. */
export const buildTarget = 1.2
export const secondThreadTarget = 1.4

/** Against hnswlib-node's own filter, and the recall there. */
export const filterTargets = {
  '1%': { speed: 50, recall: 1 },
  '10%': { speed: 3, recall: 0.99 },
} as const

/** Filters that allow only what is unlike the query. */
export const correlatedRecallTarget = 0.95
/** After a quarter was updated and a quarter removed, before and after a compaction. */
export const updatedRecallTarget = 0.99

/**
 * Through the gateway, server and hnswlib-node on one core each in its turn: how many times the queries of
 * hnswlib-node, by single queries as JSON and by hundreds as bytes.
 */
export const httpTargets: Readonly<
  Record<string, { readonly json: number; readonly batch: number }>
> = { clu128: { json: 0.4, batch: 1.5 }, clu768: { json: 0.85, batch: 1.5 } }
export const healthTargetMs = 50
