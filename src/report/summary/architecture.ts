/** A row of the parameter table. Parameters that repeat in every layer share one row. */
export interface ParameterRow {
  /** Name, such as `bert.encoder.layer.{0-11}.attention.self.query.weight`. */
  readonly name: string
  readonly shape: readonly number[]
  /** Number of layers that have this parameter; 1 for a parameter outside the layers. */
  readonly copies: number
  /** Number of elements in all copies together. */
  readonly count: number
}

/** Groups parameters into the rows of the parameter table, in order of first appearance. */
export function parameterTable(parameters: readonly { name: string; shape: readonly number[] }[]): ParameterRow[] {
  const groups = new Map<string, { names: string[]; shape: readonly number[] }>()
  for (const { name, shape } of parameters) {
    const key = `${name.replace(layer, '.#.')} [${shape}]`
    const group = groups.get(key) ?? { names: [], shape }
    group.names.push(name)
    groups.set(key, group)
  }
  return [...groups.values()].map(({ names, shape }) => ({
    name: nameOfAll(names),
    shape,
    copies: names.length,
    count: names.length * shape.reduce((product, size) => product * size, 1),
  }))
}

export const totalParameters = (rows: readonly ParameterRow[]): number => rows.reduce((sum, row) => sum + row.count, 0)

const layer = /\.(\d+)\./

function nameOfAll(names: readonly string[]): string {
  if (names.length === 1) return names[0]
  const numbers = names.map((name) => Number(layer.exec(name)?.[1]))
  return names[0].replace(layer, `.{${Math.min(...numbers)}-${Math.max(...numbers)}}.`)
}
