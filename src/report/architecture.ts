/** Parameters of one name and shape; those that repeat in every layer make one row. */
export interface ParameterRow {
  /** `bert.encoder.layer.{0-11}.attention.self.query.weight` */
  readonly name: string
  readonly shape: readonly number[]
  /** How many layers have it: 1 outside of layers. */
  readonly copies: number
  /** Numbers in all copies together. */
  readonly count: number
}

/** The rows of the architecture table, in the order of their first parameter. */
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
