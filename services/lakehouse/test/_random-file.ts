import type { Dice } from './_dice.ts'
import {
  type ColumnType,
  type FileColumn,
  type FileContent,
  hasColumn,
  type TableState,
  type Value,
  widerTypes,
} from './_table-model.ts'

// Few, so that a name that was dropped or renamed soon means another column.
const names = ['a', 'b', 'größe', 'select', 'x y', '列'] as const

/** Every value of float is one of double too, so that widening keeps it. */
const values: { readonly [type in ColumnType]: readonly Value[] } = {
  boolean: [true, false],
  int: [0, -1, 2147483647, -2147483648],
  long: [0, 3000000000, -9007199254740993n, 9223372036854775807n],
  float: [0, -0.5, 1.25, 65536.125],
  double: [0.1, 1e300, -2.5e-300, 0.30000000000000004],
  string: ['', 'x', 'déjà vu', '東京 🗼', 'NULL', 'two\nlines', '"quoted", \'twice\''],
  date: ['0001-01-01', '1969-12-31', '2024-02-29', '9999-12-31'],
  timestamp: [
    '1969-12-31T23:59:59.999999',
    '2024-02-29T12:00:00',
    '2024-02-29T12:00:00.5',
    '9999-12-31T23:59:59.999999',
  ],
}
const types = Object.keys(values) as ColumnType[]

/** A column that the table lacks, while there are names left. */
export function randomColumn(state: TableState, dice: Dice): FileColumn | undefined {
  const name = dice.pick(names.filter((each) => !hasColumn(state, each)))
  const type = dice.pick(types)
  return name === undefined || type === undefined ? undefined : { name, type }
}

/** Some columns of the table, some of them wider or narrower, and perhaps a new one. */
export function randomFile(
  state: TableState | undefined,
  firstId: number,
  dice: Dice,
): FileContent {
  const columns: FileColumn[] = [{ name: 'id', type: 'long' }]
  for (const { name, type } of state?.columns ?? []) {
    if (name === 'id' || dice.isOneIn(4)) continue
    const narrower = types.find((each) => widerTypes[each] === type)
    const other = dice.isOneIn(2) ? widerTypes[type] : narrower
    columns.push({ name, type: dice.isOneIn(3) ? (other ?? type) : type })
  }
  let known: TableState = state ?? { columns: [], rows: [], lastId: 0 }
  for (let count = state === undefined ? 3 : dice.below(2); count > 0; count -= 1) {
    const column = randomColumn(known, dice)
    if (column === undefined) break
    columns.push(column)
    known = { ...known, columns: [...known.columns, { ...column, id: 0 }] }
  }
  const rows = Array.from({ length: 1 + dice.below(4) }, (_, index) =>
    columns.map(({ name, type }) => (name === 'id' ? firstId + index : randomValue(type, dice))),
  )
  return { columns: shuffled(columns, rows, dice), rows }
}

function randomValue(type: ColumnType, dice: Dice): Value {
  return dice.isOneIn(4) ? null : (dice.pick(values[type]) ?? null)
}

/** Turns columns and rows alike, so that nothing goes by position. */
function shuffled(columns: FileColumn[], rows: Value[][], dice: Dice): FileColumn[] {
  const by = dice.below(columns.length)
  const turn = <T>(list: T[]) => list.push(...list.splice(0, by))
  for (const row of rows) turn(row)
  turn(columns)
  return columns
}
