import { countSpans } from '../src/batching/span-targets.ts'
import type { QuestionAnsweringModel } from '../src/models/question-answering.ts'
import type { DropoutMasks } from '../src/training/dropout/draws.ts'
import type { GradientOptions } from '../src/training/loop/gradient-source.ts'
import { BatchGradient } from '../src/training/loop/gradients.ts'
import type { RecordedBatch } from './tiny-model.ts'

export interface Gradients {
  readonly loss: number
  /** All gradients, in the order of the parameters. */
  readonly all: Float32Array
  readonly view: (name: string) => Float32Array
}

/** Equivalent of `Mask` in scripts/python/tiny_models.py: deterministic dropout. */
export const recordedMasks: DropoutMasks = (site, { probability }, _pass, out) => {
  for (let i = 0; i < out.length; i++)
    out[i] = (7919 * site + 104729 * i) % 1000 >= Math.round(1000 * probability) ? 1 : 0
}

const noMasks: DropoutMasks = () => {
  throw new Error('a model without dropout asked for a mask')
}

/** Computes the loss of a batch and its gradients by name, with the given number of rows per pass. */
export async function batchGradient(
  model: QuestionAnsweringModel,
  { rows, spans }: RecordedBatch,
  rowsPerPass = rows.length,
  masks = noMasks,
  options: GradientOptions = {},
  loss_scale?: number,
): Promise<Gradients> {
  const gradients = new Float32Array(model.parameters.size)
  const batch = await BatchGradient.open(model, gradients, options)
  const counts = countSpans(
    spans,
    rows.map(({ input_ids }) => input_ids.length),
  )
  await batch.reset(loss_scale)
  let loss = 0
  for (let r = 0; r < rows.length; r += rowsPerPass) {
    const end = r + rowsPerPass
    const places = [...rows.keys()].slice(r, end)
    const part = { rows: rows.slice(r, end), places, spans: spans.slice(r, end), counts }
    loss += await batch.add(part, masks)
  }
  await batch.release()
  const view = (name: string) => {
    const { start, size } = model.parameters.entries.find((entry) => entry.name === name)!
    return gradients.subarray(start, start + size)
  }
  return { loss, view, all: gradients }
}

export function cosine(a: Float32Array, b: Float32Array): number {
  let [ab, aa, bb] = [0, 0, 0]
  for (const [i, x] of a.entries()) {
    ab += x * b[i]
    aa += x * x
    bb += b[i] * b[i]
  }
  return ab / Math.sqrt(aa * bb)
}
