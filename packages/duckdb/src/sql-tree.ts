/**
 * The syntax tree that DuckDB prints as JSON holds integers that JavaScript numbers cannot
 * (`query_location` is 2^64-1 where unknown; constants may be HUGEINT). Here every number is held as
 * a text with a mark that is random for each parse, so a tree goes back to DuckDB unchanged.
 */
import { randomUUID } from 'node:crypto'

export type TreeValue = null | boolean | string | TreeValue[] | TreeNode
export interface TreeNode {
  [key: string]: TreeValue
}

export class SqlTree {
  readonly root: TreeNode
  readonly #mark: string

  private constructor(root: TreeNode, mark: string) {
    this.root = root
    this.#mark = mark
  }

  static parse(json: string): SqlTree {
    const mark = `number:${randomUUID()}:`
    const marked = json.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (token) =>
      token.startsWith('"') ? token : `"${mark}${token}"`,
    )
    // Every number is a string now, so the parsed value has this type.
    return new SqlTree(JSON.parse(marked) as TreeNode, mark)
  }

  /** The number's text as DuckDB printed it; undefined if the value is not a number. */
  numberText(value: TreeValue | undefined): string | undefined {
    if (typeof value !== 'string' || !value.startsWith(this.#mark)) return undefined
    return value.slice(this.#mark.length)
  }

  print(root: TreeValue = this.root): string {
    const marked = JSON.stringify(root)
    return marked.replace(new RegExp(`"${this.#mark}([^"]*)"`, 'g'), '$1')
  }
}

export function isNode(value: TreeValue | undefined): value is TreeNode {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function textOf(value: TreeValue | undefined): string {
  return typeof value === 'string' ? value : ''
}
