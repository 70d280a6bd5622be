import { expect, test } from 'vitest'
import type { Filter, HyperedgeInput, MembersFilter, NodeId, Table } from '../lib/index.ts'
import { newDatabase } from './_database.ts'

// Answers through the whole of it, against trying every hyperedge. A failure names its seed.

interface Edge {
  readonly id: number
  readonly at: number
  readonly members: readonly { readonly node: NodeId; readonly role: string | null }[]
  readonly label: string | null
  readonly n: number | null
}

const nodes: readonly NodeId[] = [1, 2, 3, 4, 5, 'a', 'b', 'c', '1', 2n ** 63n]
const roles = ['host', 'guest', null]
const labels = ['x', 'y', null]

/** The same numbers each time for a seed. */
function randomOf(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0
    return Math.floor((((state ^ (state >>> 13)) >>> 0) / 2 ** 32) * below)
  }
}

function pick<Item>(items: readonly Item[], random: (below: number) => number): Item {
  // Within the bounds.
  return items[random(items.length)] as Item
}

async function fill(table: Table, random: (below: number) => number): Promise<Edge[]> {
  const edges: Edge[] = []
  const add = async (count: number) => {
    const plain = Array.from({ length: count }, () => {
      const members = nodes
        .filter(() => random(4) === 0)
        .map((node) => ({ node, role: pick(roles, random) }))
      if (members.length === 0) members.push({ node: pick(nodes, random), role: null })
      const n = random(5) === 0 ? null : random(10)
      return { at: random(300), members, label: pick(labels, random), n }
    })
    const rows = plain.map(({ n, ...row }): HyperedgeInput => ({ ...row, props: { n } }))
    const { ids } = await table.insertMany(rows)
    plain.forEach((edge, place) => {
      edges.push({ ...edge, id: ids[place] ?? 0 })
    })
  }
  await add(150)
  return await add(100).then(() => edges)
}

function has(edge: Edge, term: { readonly node: NodeId; readonly role?: string }): boolean {
  return edge.members.some(
    ({ node, role }) => node === term.node && (term.role === undefined || term.role === role),
  )
}

function inOrder(edges: readonly Edge[]): number[] {
  return edges.toSorted((left, right) => left.at - right.at || left.id - right.id).map((e) => e.id)
}

function randomTerms(random: (below: number) => number) {
  const some = nodes.filter(() => random(3) === 0)
  const chosen = some.length === 0 ? [pick(nodes, random)] : some
  return chosen.map((node) => {
    const role = pick(roles, random)
    return role === null ? { node } : { node, role }
  })
}

/** A question about members, and who answers to it. */
function randomMembers(
  random: (below: number) => number,
): readonly [MembersFilter, (edge: Edge) => boolean] {
  const terms = randomTerms(random)
  const count = (edge: Edge) => terms.filter((term) => has(edge, term)).length
  const atLeast = 1 + random(terms.length)
  const exact = terms.map(({ node }) => node)
  return pick<readonly [MembersFilter, (edge: Edge) => boolean]>(
    [
      [{ all: terms }, (edge) => count(edge) === terms.length],
      [{ any: terms }, (edge) => count(edge) > 0],
      [{ atLeast, of: terms }, (edge) => count(edge) >= atLeast],
      [
        { exactly: exact },
        (edge) =>
          edge.members.length === exact.length && exact.every((node) => has(edge, { node })),
      ],
    ],
    random,
  )
}

function randomFilter(
  random: (below: number) => number,
): readonly [Filter, (edge: Edge) => boolean] {
  const [n, label] = [random(10), pick(['x', 'y'], random)]
  return pick<readonly [Filter, (edge: Edge) => boolean]>(
    [
      [{ column: 'n', gte: n }, (edge) => edge.n !== null && edge.n >= n],
      [{ column: 'n', isNull: true }, (edge) => edge.n === null],
      [{ column: 'n', in: [n, n + 2] }, (edge) => edge.n === n || edge.n === n + 2],
      [
        { and: [{ column: 'label', eq: label }, { not: { column: 'n', lt: n } }] },
        // As in SQL: a comparison with null holds neither plainly nor negated.
        (edge) => edge.label === label && edge.n !== null && edge.n >= n,
      ],
      [
        {
          or: [
            { column: 'label', eq: label },
            { column: 'n', eq: n },
          ],
        },
        (edge) => edge.label === label || edge.n === n,
      ],
    ],
    random,
  )
}

const seeds = Array.from({ length: 6 }, (_, seed) => seed + 1)

test.each(seeds)('finds and figures are those of a plain list (seed %d)', async (seed) => {
  const random = randomOf(seed)
  const db = await newDatabase()
  const table = await db.createTable('t', {
    properties: { n: 'int64' },
    indexes: { by_n: ['label', 'n'], n: ['n'] },
  })
  const edges = await fill(table, random)
  if (seed % 2 === 0) await db.flush()
  if (seed % 3 === 0) await db.compact()
  for (let round = 0; round < 60; round++) {
    const from = random(300)
    const [members, isMember] = randomMembers(random)
    const [where, holds] = randomFilter(random)
    const selection = {
      ...(random(2) === 0 ? { from, to: from + random(200) } : {}),
      ...(random(2) === 0 ? { members } : {}),
      ...(random(2) === 0 ? { where } : {}),
    }
    const expected = edges.filter(
      (edge) =>
        (selection.to === undefined || (edge.at >= from && edge.at < selection.to)) &&
        (selection.members === undefined || isMember(edge)) &&
        (selection.where === undefined || holds(edge)),
    )
    const found = table.findSync({ ...selection, columns: ['id'] })
    expect([...found.ids], JSON.stringify([selection], bigintText)).toEqual(inOrder(expected))
    const newest = await table.find({ ...selection, newestFirst: true, columns: ['id'] })
    expect([...newest.ids]).toEqual(inOrder(expected).reverse())
    const measures = { n: 'count', sum: { sum: 'n' }, kinds: { distinct: 'n' } } as const
    const figures = table.aggregateSync({ ...selection, measures, groupBy: ['label'] })
    const groups = labels.flatMap((label) => {
      const group = expected.filter((edge) => edge.label === label)
      if (group.length === 0) return []
      const given = group.flatMap(({ n }) => (n === null ? [] : [n]))
      const sum = given.length === 0 ? null : given.reduce((all, n) => all + n, 0)
      return [JSON.stringify({ label, n: group.length, sum, kinds: new Set(given).size })]
    })
    expect(
      figures
        .rows()
        .map((row) => JSON.stringify(row))
        .sort(),
    ).toEqual(groups.sort())
  }
})

test.each(seeds)('joins are those of all pairs (seed %d)', async (seed) => {
  const random = randomOf(seed + 100)
  const db = await newDatabase()
  const [first, second] = [
    await db.createTable('first', { properties: { n: 'int64' } }),
    await db.createTable('second', { properties: { n: 'int64' } }),
  ]
  const [left, right] = [await fill(first, random), await fill(second, random)]
  if (seed % 2 === 0) await db.compact()
  for (let round = 0; round < 10; round++) {
    const min = random(40) - 20
    const distanceMs = [min, min + random(20)] as const
    const sharedMin = 1 + random(2)
    const [leftRole, rightRole] = [pick(roles, random), pick(roles, random)]
    const [members, isMember] = randomMembers(random)
    const pairs = await db.join({
      left: { table: 'first', members },
      right: { table: 'second' },
      distanceMs,
      sharedMin,
      ...(leftRole === null ? {} : { leftRole }),
      ...(rightRole === null ? {} : { rightRole }),
    })
    const sharedOf = (a: Edge, b: Edge) =>
      nodes.filter(
        (node) =>
          has(a, leftRole === null ? { node } : { node, role: leftRole }) &&
          has(b, rightRole === null ? { node } : { node, role: rightRole }),
      )
    const expected = left.filter(isMember).flatMap((a) =>
      right.flatMap((b) => {
        const shared = sharedOf(a, b).length
        const apart = b.at - a.at
        if (shared < sharedMin || apart < distanceMs[0] || apart > distanceMs[1]) return []
        return [`${a.id} ${b.id} ${shared}`]
      }),
    )
    const rows = pairs.rows()
    expect(rows.map((row) => `${row.leftId} ${row.rightId} ${row.shared}`).sort()).toEqual(
      expected.sort(),
    )
    for (const row of rows) {
      const a = left.find(({ id }) => id === row.leftId)
      const b = right.find(({ id }) => id === row.rightId)
      if (a === undefined || b === undefined) throw new Error('a pair of nothing')
      expect(sharedOf(a, b)).toContain(row.node)
      expect([row.leftAt, row.rightAt]).toEqual([a.at, b.at])
    }
  }
})

function bigintText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
