import { readFileSync } from 'node:fs'

export interface Recorded {
  readonly shape: readonly number[]
  readonly data: Float32Array | Int32Array
}

/** Reads recorded tensors by name: float32, or int64 as int32. For test files, which are read completely. */
export function readRecorded(path: string): Record<string, Recorded> {
  const file = readFileSync(path)
  const headerLength = Number(file.readBigUInt64LE(0))
  const header: Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }> = JSON.parse(
    file.toString('utf8', 8, 8 + headerLength),
  )
  return Object.fromEntries(
    Object.entries(header)
      .filter(([name]) => name !== '__metadata__')
      .map(([name, { dtype, shape, data_offsets }]) => {
        const [from, to] = data_offsets.map((offset) => 8 + headerLength + offset)
        const bytes = new Uint8Array(file.subarray(from, to)).buffer
        const data = dtype === 'I64' ? Int32Array.from(new BigInt64Array(bytes), Number) : new Float32Array(bytes)
        return [name, { shape, data }]
      }),
  )
}

/** Returns the largest difference between two arrays, or NaN if any value is NaN. */
export function maxDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.NaN
  let worst = 0
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i] - b[i])
    if (!(difference <= worst)) worst = difference
  }
  return worst
}
