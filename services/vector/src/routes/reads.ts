import {
  countPointsRequest,
  facetPointsRequest,
  getPointQuery,
  getPointsRequest,
  scrollPointsRequest,
} from '@hypermesh/contract'
import { type App, mountRoute, readJson, readQuery } from '@hypermesh/kit'
import { pointsText } from '../hit-text.ts'
import { assertAtMost, count, facet, requireSlot, scroll } from '../index-queries.ts'
import type { VectorIndexes } from '../vector-indexes.ts'
import { jsonText, nameOf, wantedOf } from './requests.ts'

export function mountReads(app: App, indexes: VectorIndexes): void {
  mountRoute(app, 'getPoints', async (c) => {
    const { ids, ...given } = await readJson(c, getPointsRequest)
    assertAtMost(ids.length, c.var.limits.vectorScrollMax, 'ids: vector_scroll_max')
    const index = await indexes.get(nameOf(c))
    return index.read((state) => {
      const slots = ids.flatMap((id) => state.table.slotOf(id) ?? [])
      return jsonText(c, state, `{"points":${pointsText(state, slots, wantedOf(given))}}`)
    })
  })
  mountRoute(app, 'getPoint', async (c) => {
    const text = c.req.param('id') ?? ''
    const wanted = wantedOf(readQuery(c, getPointQuery))
    const isNumber = /^(0|[1-9]\d{0,15})$/.test(text)
    const index = await indexes.get(nameOf(c))
    return index.read(async (state) => {
      const number = isNumber ? state.table.slotOf(Number(text)) : undefined
      const slot = number ?? requireSlot(state, text)
      return jsonText(c, state, pointsText(state, [slot], wanted).slice(1, -1))
    })
  })
  mountRoute(app, 'scrollPoints', async (c) => {
    const request = await readJson(c, scrollPointsRequest)
    const index = await indexes.get(nameOf(c))
    return index.read(async (state) => {
      const { slots, next } = scroll(state, request, c.var.limits)
      const points = pointsText(state, slots, wantedOf(request))
      return jsonText(c, state, `{"points":${points},"next":${JSON.stringify(next)}}`)
    })
  })
  mountRoute(app, 'countPoints', async (c) => {
    const { filter } = await readJson(c, countPointsRequest)
    const { state } = await indexes.get(nameOf(c))
    return c.json({ count: count(state, filter) })
  })
  mountRoute(app, 'facetPoints', async (c) => {
    const request = await readJson(c, facetPointsRequest)
    const { state } = await indexes.get(nameOf(c))
    return c.json({ values: facet(state, request) })
  })
}
