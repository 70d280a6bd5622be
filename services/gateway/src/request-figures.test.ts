import { Metrics } from '@hypermesh/kit'
import { expect, test } from 'vitest'
import { RequestFigures } from './request-figures.ts'

test('each request is in the buckets from its time on, and in the sum and count of its route', async () => {
  const metrics = new Metrics()
  const figures = new RequestFigures(metrics)
  const ended = (route: string, ms: number) => {
    figures.opened()
    figures.ended({ method: 'GET', route, status: 200, ms, bytes: 5 })
  }
  // At a bound, between two, above all.
  for (const ms of [3, 2000, 2_000_000]) ended('/a', ms)
  ended('/b', 0.5)

  const { text } = await metrics.render()
  const name = 'hypermesh_http_request_seconds'
  expect(text).toContain(`# TYPE ${name} histogram`)
  const bucket = (le: string, route: string) => {
    const line = `${name}_bucket{le="${le}",method="GET",route="${route}"} `
    return Number(text.split(line)[1]?.split('\n')[0])
  }
  const bounds = ['0.001', '0.003', '1', '3', '1000', '+Inf']
  expect(bounds.map((le) => bucket(le, '/a'))).toEqual([0, 1, 1, 2, 2, 3])
  expect(bounds.map((le) => bucket(le, '/b'))).toEqual([1, 1, 1, 1, 1, 1])
  expect(text).toContain(`${name}_sum{method="GET",route="/a"} 2002.003\n`)
  expect(text).toContain(`${name}_count{method="GET",route="/a"} 3\n`)
})
