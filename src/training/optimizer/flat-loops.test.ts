import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { rangesWithin, type UpdateRange, updateRanges } from './adamw.ts'
import { FlatLoops } from './flat-loops.ts'
import { allocateFlat, type FlatMemory } from './flat-memory.ts'

type Names = 'parameters' | 'gradients' | 'exp_avg' | 'exp_avg_sq'
const options = { adam_beta1: 0.9, adam_beta2: 0.999, adam_epsilon: 1e-8 }
const step = { step: 3, learning_rate: 1e-2, clip: 0.7 }

/** Arrays with arbitrary values. */
function arraysOf(count: number, more: { isShared?: boolean; largestMemory?: number }): FlatMemory<Names> {
  const flat = allocateFlat({ parameters: count, gradients: count, exp_avg: count, exp_avg_sq: count }, more)
  for (const [k, array] of Object.values(flat.arrays).entries())
    for (let i = 0; i < count; i++) array[i] = Math.abs(Math.sin(7.1 * i + 3 * k)) + 0.01
  return flat
}

const rangesOf = (count: number): UpdateRange[] => {
  const sizes = [Math.floor(count / 5), Math.floor(count / 3)]
  const parameters = [...sizes, count - sizes[0] - sizes[1]].map((size, i) => ({ name: `p${i}`, size }))
  return updateRanges(
    parameters.map(({ name, size }) => ({ name, size, shape: name === 'p1' ? [size] : [1, size] })),
    0.1,
    (name) => (name === 'p2' ? 0.5 : 1),
  )
}

const bits = ({ arrays }: FlatMemory<Names>): string[] =>
  Object.values(arrays).map((array) => Buffer.from(array.slice().buffer).toString('hex'))

/** Runs all loops, and returns their results. */
async function runAll(flat: FlatMemory<Names>, cores: number) {
  const loops = new FlatLoops(flat, cores)
  const { arrays } = flat
  const norm = await loops.norm(arrays.gradients)
  const areFinite = await loops.adamw(arrays, rangesOf(arrays.parameters.length), options, step)
  await loops.average(arrays.exp_avg, arrays.parameters, Math.fround(0.1))
  const before = bits(flat)
  await loops.clear(arrays.gradients)
  await loops.release()
  return { norm, areFinite, before, cleared: arrays.gradients.every((x) => Object.is(x, 0)) }
}

// With the size of a cache line, the middle, and the vectors of the kernels before and after an element.
const LENGTHS = [0, 1, 5, 15, 16, 17, 31, 32, 33, 100, 10_007]

describe.each([
  ['in a WebAssembly memory', undefined],
  ['too large for one', 0],
])('loops over shared arrays %s', (_, largestMemory) => {
  it.each(LENGTHS)('have the same bits on one core and on two for %i elements', async (length) => {
    const [one, two] = [1, 2].map((cores) => runAll(arraysOf(length, { isShared: true, largestMemory }), cores))
    expect(await two).toEqual(await one)
    const { norm, ...whole } = await runAll(arraysOf(length, { largestMemory }), 2)
    // The norm adds up the elements in another order, and each element is computed in the same way.
    expect(await two).toEqual({ ...whole, norm: (await one).norm })
    expect((await one).norm).toBeCloseTo(norm, 10)
    expect(whole).toMatchObject({ areFinite: true, cleared: true })
  })

  it('find a value that is not finite in either half', async () => {
    for (const position of [0, 31, 32, 36])
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
        const flat = arraysOf(37, { isShared: true, largestMemory })
        flat.arrays.gradients[position] = value
        const { norm, areFinite } = await runAll(flat, 2)
        expect(Number.isFinite(norm)).toBe(false)
        expect(areFinite).toBe(false)
      }
  })

  it('accept views, and arrays elsewhere only if all threads see them', async () => {
    const flat = arraysOf(100, { isShared: true, largestMemory })
    const loops = new FlatLoops(flat, 2)
    const part = flat.arrays.gradients.subarray(37, 90)
    expect(await loops.norm(part)).toBeCloseTo(Math.hypot(...part), 10)
    await loops.clear(part)
    expect([...flat.arrays.gradients.keys()].filter((i) => flat.arrays.gradients[i] === 0)).toEqual(
      Array.from({ length: 53 }, (_, i) => 37 + i),
    )
    const other = new Float32Array(new SharedArrayBuffer(400)).fill(1)
    await loops.clear(other)
    expect(other.every((x) => x === 0)).toBe(true)
    await expect(loops.clear(new Float32Array(100))).rejects.toThrow('not shared')
    await loops.release()
  })
})

it('Arrays that are not shared are processed as a whole, and as by the kernels', async () => {
  const flat = arraysOf(10_007, {})
  const { gradients } = flat.arrays
  expect(await new FlatLoops(flat, 2).norm(gradients)).toBe(Math.sqrt(flat.kernels.sumOfSquares(gradients)))
})

it('The halves of the squares are added in order', async () => {
  const flat = arraysOf(10_007, { isShared: true })
  const { gradients } = flat.arrays
  const [first, second] = [gradients.subarray(0, 5008), gradients.subarray(5008)].map(flat.kernels.sumOfSquares)
  const loops = new FlatLoops(flat, 2)
  expect(await loops.norm(gradients)).toBe(Math.sqrt(first + second))
  await loops.release()
})

it('The ranges within a part cover each of its elements once, with the settings of that element', () => {
  const ranges = rangesOf(30)
  expect(ranges.map(({ start, end }) => [start, end])).toEqual([
    [0, 6],
    [6, 16],
    [16, 30],
  ])
  expect(rangesWithin(ranges, 0, 16)).toEqual(ranges.slice(0, 2))
  expect(rangesWithin(ranges, 10, 20)).toEqual([
    { ...ranges[1], start: 0, end: 6 },
    { ...ranges[2], start: 6, end: 10 },
  ])
  expect(rangesWithin(ranges, 30, 30)).toEqual([])
})

describe('the second thread', () => {
  it('ends on release: what it computes then fails, as do later calls', async () => {
    const flat = arraysOf(1000, { isShared: true })
    const loops = new FlatLoops(flat, 2)
    const pending = loops.norm(flat.arrays.gradients)
    const failed = expect(pending).rejects.toThrow('the thread has ended')
    await loops.release()
    await failed
    await expect(loops.clear(flat.arrays.gradients)).rejects.toThrow('the thread has ended')
  })

  it('keeps the process alive only while it computes', async () => {
    const program = `(async () => {
      const { FlatLoops } = await import('${new URL('./flat-loops.ts', import.meta.url)}')
      const { allocateFlat } = await import('${new URL('./flat-memory.ts', import.meta.url)}')
      const flat = allocateFlat({ x: 1000 }, { isShared: true })
      flat.arrays.x.fill(2)
      console.log(await new FlatLoops(flat, 2).norm(flat.arrays.x))
    })()`
    const argv = ['--import', 'tsx', '--eval', program]
    const { stdout } = await promisify(execFile)(process.execPath, argv, { timeout: 30_000 })
    expect(Number(stdout)).toBeCloseTo(Math.sqrt(4000), 8)
  })
})
