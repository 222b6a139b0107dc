import * as ort from 'onnxruntime-node'
import { describe, expect, test } from 'vitest'
import { fixture } from '../../tests/fixture.ts'
import { thoroughOr } from '../../tests/thorough.ts'
import { recordedBatch, recordedBatches, tinyModel } from '../../tests/tiny-model.ts'
import type { Row } from '../batching/pack.ts'
import type { ExportDtype } from '../checkpoint/onnx-folder.ts'
import { QuestionAnsweringModel } from '../models/question-answering.ts'
import { configJson, MODEL_TYPES, parseConfig } from '../models/registry.ts'
import { encodeModel } from '../onnx/encode.ts'
import { toBytes } from '../protobuf.ts'
import { defaultEngine } from '../runtime/registry.ts'
import type { WindowLogits } from '../squad/answers/document-logits.ts'
import { variantGraph } from './variant-graph.ts'

/** A model of each architecture, with a batch of rows that have padding. */
const tiny = (type: string): { readonly model: QuestionAnsweringModel; readonly rows: readonly Row[] } =>
  type === 'bert'
    ? { model: tinyModel('b1/safetensors'), rows: recordedBatch(fixture('tiny/b1/batch-padded.safetensors')).rows }
    : { model: tinyModel(`${type}/model`), rows: recordedBatches(type).padded.rows }

async function exportedLogits(
  model: QuestionAnsweringModel,
  dtype: ExportDtype,
  rows: readonly Row[],
): Promise<WindowLogits[]> {
  const { graph, initializers } = variantGraph(model, dtype, { hasTokenTypes: model.geometry.token_types > 1 })
  const session = await ort.InferenceSession.create(toBytes(encodeModel(graph, { initializers })), {
    logSeverityLevel: 3,
  })
  const length = Math.max(...rows.map(({ input_ids }) => input_ids.length))
  const padded = (of: (row: Row) => ArrayLike<number>) => {
    const data = new BigInt64Array(rows.length * length)
    for (const [r, row] of rows.entries()) data.set(Array.from(of(row), BigInt), r * length)
    return new ort.Tensor('int64', data, [rows.length, length])
  }
  const feeds: Record<string, ort.Tensor> = {
    input_ids: padded((row) => row.input_ids),
    attention_mask: padded((row) => new Array(row.attended).fill(1)),
    token_type_ids: padded((row) => row.token_type_ids),
  }
  const results = await session.run(Object.fromEntries(session.inputNames.map((name) => [name, feeds[name]])))
  await session.release()
  const side = (name: string, r: number, { attended }: Row) =>
    (results[name].data as Float32Array).slice(r * length, r * length + attended)
  return rows.map((row, r) => ({
    start_logits: side('start_logits', r, row),
    end_logits: side('end_logits', r, row),
  }))
}

/** Root mean square of the differences, relative to that of the expected logits. */
function relativeError(found: readonly WindowLogits[], expected: readonly WindowLogits[]): number {
  let [error, total] = [0, 0]
  for (const [r, row] of found.entries())
    for (const side of ['start_logits', 'end_logits'] as const)
      for (const [i, value] of row[side].entries()) {
        error += (value - expected[r][side][i]) ** 2
        total += expected[r][side][i] ** 2
      }
  return Math.sqrt(error / total)
}

/** The tiny models are small and random, which makes rounding matter more than in a trained model. */
const TOLERANCE: Readonly<Record<ExportDtype, number>> = {
  fp32: 2e-6,
  fp16: 2e-3,
  q8: 0.04,
  int8: 0.06,
  uint8: 0.06,
  q4: 0.4,
  q4f16: 0.4,
}

describe.each([...MODEL_TYPES])('%s', (type) => {
  test.each(Object.entries(TOLERANCE) as [ExportDtype, number][])('as %s', async (dtype, tolerance) => {
    const { model, rows } = tiny(type)
    const { logits } = await model.forward(rows)
    const error = relativeError(await exportedLogits(model, dtype, rows), logits)
    expect(error).toBeLessThan(tolerance)
    await model.release()
  })
})

/** A random model of each architecture with other widths than those of the recorded ones. */
function ofWidth(
  type: string,
  { hidden, intermediate, embedding }: Record<'hidden' | 'intermediate' | 'embedding', number>,
) {
  const { model: original, rows } = tiny(type)
  const sizes = {
    ...{ hidden_size: hidden, dim: hidden, pooler_hidden_size: hidden },
    ...{ intermediate_size: intermediate, hidden_dim: intermediate, embedding_size: embedding },
  }
  const json = JSON.parse(configJson(original.config))
  const changed = Object.fromEntries(Object.entries(sizes).filter(([name]) => name in json))
  const model = new QuestionAnsweringModel(parseConfig({ ...json, ...changed }, type), defaultEngine)
  for (const { name, shape } of model.specs) {
    const scale = shape.length === 1 ? 0.1 : 1 / Math.sqrt(shape.at(-1)!)
    const isNorm = /norm.*weight$/i.test(name)
    const view = model.parameters.view(name)
    for (let j = 0; j < view.length; j++) view[j] = (isNorm ? 1 : 0) + scale * Math.sin(j * j + name.length)
  }
  return { model, rows }
}

describe.each(thoroughOr([...MODEL_TYPES], ['bert', 'deberta-v2'] as const))('%s with widths', (type) => {
  test.each([
    ['of whole blocks', { hidden: 64, intermediate: 96, embedding: 32 }],
    ['of incomplete blocks', { hidden: 40, intermediate: 50, embedding: 24 }],
  ])('%s has every dtype', async (_, widths) => {
    const { model, rows } = ofWidth(type, widths)
    const { logits } = await model.forward(rows)
    for (const [dtype, tolerance] of Object.entries(TOLERANCE) as [ExportDtype, number][]) {
      const { initializers } = variantGraph(model, dtype, { hasTokenTypes: false })
      const hasBlocks = [...initializers.keys()].some((name) => /_q[48]$/.test(name))
      expect(hasBlocks).toBe(dtype.startsWith('q') && widths.hidden % 32 === 0)
      expect(relativeError(await exportedLogits(model, dtype, rows), logits), dtype).toBeLessThan(tolerance)
    }
    await model.release()
  })
})
