import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fixture, fixtureJson } from '../../tests/fixture.ts'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { type LoadReport, loadParameters, type ParameterSpec } from './load-parameters.ts'
import { openCheckpoint } from './open.ts'
import { writeSafetensors } from './safetensors-writer.ts'
import { elementCount } from './stored-tensor.ts'

/** The parameters of the tiny BertForQuestionAnswering: those that its own checkpoint has. */
const whole = await openCheckpoint(fixture('tiny/b1/safetensors'))
const specs: ParameterSpec[] = [...whole.tensors.values()].map(({ name, shape }) => ({ name, shape }))
await whole.close()

/** What a parameter holds that nothing was loaded into. */
const UNTOUCHED = 7

interface Loaded {
  readonly report: LoadReport
  readonly values: ReadonlyMap<string, Float32Array>
}

async function load(folder: string, options?: { ignore_mismatched_sizes: boolean }): Promise<Loaded> {
  const values = new Map(specs.map(({ name, shape }) => [name, new Float32Array(elementCount(shape)).fill(UNTOUCHED)]))
  const checkpoint = await openCheckpoint(folder)
  try {
    return { report: await loadParameters(checkpoint, specs, (name) => values.get(name)!, options), values }
  } finally {
    await checkpoint.close()
  }
}

interface Reference {
  readonly missing_keys: string[]
  readonly unexpected_keys: string[]
  readonly mismatched_keys: string[]
}
const reference = fixtureJson<Record<string, Reference>>('tiny/b2/loading-report.json')

test.each(['encoder-only', 'pretraining', 'pretraining-gamma-beta', 'one-tensor-missing'])(
  '%s: missing and unexpected keys are those that transformers reports',
  async (name) => {
    const { report, values } = await load(fixture(`tiny/b2/${name}`))
    const { missing_keys, unexpected_keys } = reference[name]
    expect(report).toEqual({ missing: missing_keys, unexpected: unexpected_keys, mismatched: [] })
    const untouched = [...values].filter(([, data]) => data.every((value) => value === UNTOUCHED)).map(([name]) => name)
    expect(untouched.sort()).toEqual(missing_keys)
  },
)

test('gamma and beta land in the same places as weight and bias', async () => {
  const { values } = await load(fixture('tiny/b2/pretraining-gamma-beta'))
  expect(values).toEqual((await load(fixture('tiny/b2/pretraining'))).values)
})

test('a head of another size is an error that names each weight with both shapes', async () => {
  await expect(load(fixture('tiny/b2/head-of-three'))).rejects.toThrow(
    /qa_outputs.bias: found shape \[3\], expected \[2\]\n {2}qa_outputs.weight: found shape \[3,32\], expected \[2,32\]/,
  )
})

test('with ignore_mismatched_sizes a head of another size is reported and left alone', async () => {
  const { report, values } = await load(fixture('tiny/b2/head-of-three'), { ignore_mismatched_sizes: true })
  const { missing_keys, unexpected_keys, mismatched_keys } = reference['head-of-three, ignore_mismatched_sizes=True']
  expect([report.missing, report.unexpected]).toEqual([missing_keys, unexpected_keys])
  expect(report.mismatched.map(({ name }) => name)).toEqual(mismatched_keys)
  expect(report.mismatched[0]).toEqual({ name: 'qa_outputs.bias', found: [3], expected: [2] })
  expect([...values.get('qa_outputs.bias')!]).toEqual([UNTOUCHED, UNTOUCHED])
})

test.each([
  ['NaN', NaN],
  ['infinity', -Infinity],
])('%s in a weight is an error that names it and counts', async (_name, value) => {
  const folder = await temporaryFolder()
  const data = Float32Array.of(0, value, 1, value)
  await writeSafetensors(join(folder, 'model.safetensors'), [
    { name: 'bert.pooler.dense.bias', shape: [1], data: Float32Array.of(NaN) },
    { name: 'qa_outputs.bias', shape: [2], data: data.subarray(0, 2) },
  ])
  await expect(load(folder)).rejects.toThrow(
    `qa_outputs.bias: found 1 of 2 weights that are not finite, the first (${value}) at 1`,
  )
})
