/**
 * Commits one transaction after another to two tables, until it is killed. Arguments: directory, and
 * the property that is this process's own. Prints the number of each once its reply is there.
 */
import { writeSync } from 'node:fs'
import { openCatalog } from './_catalog.ts'

const [root = '', property = ''] = process.argv.slice(2)
const { client } = await openCatalog(root, { checkpointEvery: 5 })
const { metadata } = await client.loadTable('n.a')
for (let number = Number(metadata.properties?.[property] ?? 0) + 1; ; number += 1) {
  await client.commitTransaction({
    'table-changes': ['a', 'b'].map((name) => ({
      identifier: { namespace: ['n'], name },
      requirements: [],
      updates: [{ action: 'set-properties' as const, updates: { [property]: String(number) } }],
    })),
  })
  writeSync(1, `${number}\n`)
}
