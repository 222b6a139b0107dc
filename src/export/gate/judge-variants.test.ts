import { expect, test } from 'vitest'
import type { ExportDtype, StoredVariant } from '../../checkpoint/onnx-folder.ts'
import { SpanforgeError } from '../../errors.ts'
import type { WindowLogits } from '../../squad/answers/document-logits.ts'
import type { GateInput } from './gate-input.ts'
import { judgeVariants } from './judge-variants.ts'
import type { VariantRuntime } from './runtime.ts'

const row = { input_ids: Int32Array.of(1, 2, 3), token_type_ids: new Int32Array(3), attended: 3 }
const of = (...values: number[]): WindowLogits => ({
  start_logits: Float32Array.from(values),
  end_logits: Float32Array.from(values),
})
const expected = of(1, -1, 1)
const blind: GateInput = { rows: [row, row], logits: [expected, expected] }
/** Three questions, of which the answers are right whose start logit is positive. */
const asked: GateInput = {
  ...blind,
  questions: {
    facts: { data: 'dev.json', count: 3, digest: '0' },
    answers: { texts: ['a', 'b', 'c'], exact_match: 90, f1: 90 },
    answer: ([{ start_logits }]) =>
      start_logits[0] > 0
        ? { texts: ['a', 'b', 'c'], exact_match: 90, f1: 90 }
        : { texts: ['a', 'b', 'x'], exact_match: 60, f1: 88.5 },
  },
}

const runtime = (name: string, run: () => WindowLogits, sizes: number[] = []): VariantRuntime => ({
  name,
  open: async () => ({
    async run(rows) {
      sizes.push(rows.length)
      return rows.map(run)
    },
    close: async () => {},
  }),
  close: async () => {},
})

const broken: VariantRuntime = {
  name: 'Broken',
  open: () => Promise.reject(new SpanforgeError('needs shader-f16', { remedy: 'Use another.' })),
  close: async () => {},
}

async function objectionsTo(dtype: ExportDtype, input: GateInput, ...runtimes: VariantRuntime[]) {
  const variant: StoredVariant = { dtype, file: 'onnx/model.onnx', bytes: 1 }
  const [{ objections, comparison }] = await judgeVariants('.', [variant], input, { runtimes })
  return { objections, comparison }
}

test('objects to a loss of F1 above the limit on any runtime', async () => {
  const [same, other] = [runtime('Node.js', () => expected), runtime('WASM', () => of(-1, 1, 1))]
  expect((await objectionsTo('q4', asked, same)).objections).toEqual([])
  const { objections, comparison } = await objectionsTo('q4', asked, same, other)
  expect(objections).toEqual(['loses 1.50 F1 on WASM, more than 1'])
  expect(comparison.runtimes[1].answers).toEqual({
    exact_match: 60,
    f1: 88.5,
    f1_drop: 1.5,
    same_answers: expect.closeTo(66.67, 2),
  })
  expect(comparison.runtimes[1].logit_error).toMatchObject({ max: 2, mean: expect.closeTo(4 / 3) })
})

test('objects to logits that are not finite, with and without questions', async () => {
  const infinite = runtime('WebGPU', () => of(1, Number.NaN, 1))
  for (const input of [asked, blind])
    expect((await objectionsTo('fp16', input, infinite)).objections).toEqual([
      'has logits that are not finite on WebGPU',
    ])
})

test('objects to float16 if values exceed its range, which runtimes on a CPU do not show', async () => {
  const input = { ...asked, largest_value: 70_000 }
  const cpu = runtime('Node.js', () => expected)
  for (const dtype of ['fp16', 'q4f16'] as const) {
    const { objections, comparison } = await objectionsTo(dtype, input, cpu)
    expect(objections).toEqual(['computes values up to 7.0e+4, beyond the range of float16 (65,504)'])
    expect(comparison.largest_value).toBe(70_000)
    expect((await objectionsTo(dtype, { ...input, largest_value: 65_504 }, cpu)).objections).toEqual([])
  }
  const float32 = await objectionsTo('fp32', input, cpu)
  expect(float32.objections).toEqual([])
  expect(float32.comparison.largest_value).toBeUndefined()
})

test('without questions, fp32 and fp16 may differ a little, and nothing else is accepted', async () => {
  const within = (difference: number) => runtime('Node.js', () => of(1 + difference, -1, 1))
  expect((await objectionsTo('fp32', blind, within(5e-5))).objections).toEqual([])
  expect((await objectionsTo('fp32', blind, within(5e-4))).objections).toEqual([
    expect.stringMatching(/^has logits that differ by 5\.0e-4 of their size on Node.js, more than 0.0001$/),
  ])
  expect((await objectionsTo('fp16', blind, within(0.04))).objections).toEqual([])
  expect((await objectionsTo('fp16', blind, within(0.06))).objections).toHaveLength(1)
  expect((await objectionsTo('q8', blind, within(0))).objections).toEqual(['was not compared on questions'])
})

test('a runtime that cannot load a variant is an objection only if no other can', async () => {
  const { objections, comparison } = await objectionsTo(
    'fp16',
    asked,
    runtime('Node.js', () => expected),
    broken,
  )
  expect(objections).toEqual([])
  expect(comparison.runtimes[1]).toEqual({ runtime: 'Broken', failure: 'needs shader-f16' })
  expect((await objectionsTo('fp16', asked, broken)).objections).toEqual(['cannot run on Broken: needs shader-f16'])
})

test('computes the windows of dynamically quantized variants one by one', async () => {
  const sizesFor = async (dtype: ExportDtype) => {
    const sizes: number[] = []
    await objectionsTo(
      dtype,
      asked,
      runtime('Node.js', () => expected, sizes),
    )
    return sizes.slice(0, 2)
  }
  expect(await sizesFor('int8')).toEqual([1, 1])
  expect((await sizesFor('q8'))[0]).toBe(2)
})

test('computes long windows in smaller batches, so that memory depends on the model alone', async () => {
  const length = 500
  const long = { input_ids: new Int32Array(length), token_type_ids: new Int32Array(length), attended: length }
  const logits = of(...new Array(length).fill(1))
  const tokens: number[] = []
  const counting: VariantRuntime = {
    ...runtime('Node.js', () => logits),
    open: async () => ({
      async run(rows) {
        tokens.push(rows.length * Math.max(...rows.map(({ input_ids }) => input_ids.length)))
        return rows.map(() => logits)
      },
      close: async () => {},
    }),
  }
  const input = { rows: new Array(10).fill(long), logits: new Array(10).fill(logits) }
  const { comparison } = await objectionsTo('fp32', input, counting)
  expect(Math.max(...tokens)).toBeLessThanOrEqual(2048)
  expect(tokens.slice(0, 3)).toEqual([2000, 2000, 1000])
  expect(comparison.runtimes[0]).toMatchObject({ logit_error: { max: 0 }, latency: { tokens: 500, batch_tokens: 256 } })
})
