import { type GraphTransactionRequest, HyperMeshError } from '@hypermesh/contract'
import type { CommitReceipt, Transaction } from '@hypermesh/engine'
import type { GraphDatabase } from './graph-database.ts'
import { assertBatch, type RowTerms, toChanges, toInputs, toProps } from './hyperedge-rows.ts'
import { toNode } from './json-nodes.ts'

type Operation = GraphTransactionRequest['operations'][number]

/** The operations as one commit, all of them or none. Throws `conflict` where another was quicker. */
export async function runGraphTransaction(
  database: GraphDatabase,
  { operations, time_unit: unit = 'ms', durability = 'sync' }: GraphTransactionRequest,
  hasLongs: boolean,
): Promise<CommitReceipt> {
  assertBatch(
    operations.reduce((sum, operation) => sum + sizeOf(operation), 0),
    database.limits,
  )
  const work = (transaction: Transaction) => {
    for (const operation of operations) {
      apply(operation, transaction, { database, unit, hasLongs })
    }
  }
  const { receipt } = await database.engine.transaction(work, { durability })
  if (receipt !== undefined) return receipt
  throw new HyperMeshError('invalid', 'the operations change nothing: they have no entries')
}

function sizeOf(operation: Operation): number {
  if ('insert' in operation) return operation.insert.hyperedges.length
  if ('update' in operation) return operation.update.changes.length
  if ('delete' in operation) return operation.delete.ids.length
  return 'set_nodes' in operation ? operation.set_nodes.length : operation.delete_nodes.length
}

interface Scope {
  readonly database: GraphDatabase
  readonly unit: RowTerms['unit']
  readonly hasLongs: boolean
}

function apply(operation: Operation, transaction: Transaction, scope: Scope): void {
  const { database, unit, hasLongs } = scope
  const tableOf = (text: string) => {
    const { name, schema } = database.table(text)
    const declared = database.tables.declared(name)
    return { table: transaction.table(name), terms: { unit, hasLongs, schema, declared } }
  }
  if ('insert' in operation) {
    const { table, terms } = tableOf(operation.insert.table)
    table.insertMany(toInputs(operation.insert.hyperedges, terms))
  } else if ('update' in operation) {
    const { table, terms } = tableOf(operation.update.table)
    for (const change of toChanges(operation.update.changes, terms)) {
      if (typeof change !== 'object' || change === null) {
        throw new HyperMeshError('invalid', 'a change is {id, …}')
      }
      table.update(change.id, change)
    }
  } else if ('delete' in operation) {
    tableOf(operation.delete.table).table.delete(operation.delete.ids)
  } else if ('set_nodes' in operation) {
    const { schema } = database.engine.nodes
    for (const { node, props } of operation.set_nodes) {
      transaction.nodes.set(toNode(node), toProps(props, { unit, schema }))
    }
  } else {
    transaction.nodes.delete(operation.delete_nodes.map(toNode))
  }
}
