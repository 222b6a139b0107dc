import * as ort from 'onnxruntime-node'
import { describe, expect, test } from 'vitest'
import { fixture } from '../../tests/fixture.ts'
import { recordedBatch, recordedBatches, tinyModel } from '../../tests/tiny-model.ts'
import type { Row } from '../batching/pack.ts'
import type { ExportDtype } from '../checkpoint/onnx-folder.ts'
import type { QuestionAnsweringModel } from '../models/question-answering.ts'
import { MODEL_TYPES } from '../models/registry.ts'
import { encodeModel } from '../onnx/encode.ts'
import { toBytes } from '../protobuf.ts'
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
