import { expect, test } from 'vitest'
import type { Engine } from '../src/runtime/engine.ts'
import { batchGradient, type Gradients } from './batch-gradient.ts'
import { describeEngines } from './engines.ts'
import { miniLm } from './minilm-model.ts'
import { describeShared, shared } from './shared.ts'
import { recordedBatch, unpadded } from './tiny-model.ts'

// 1 - cosine between the gradients of a parameter. On these windows torch's autocast is up to 1.5e-4 away from its own
// float32, oneDNN 1.7e-4 and OpenVINO 2.1e-4; the largest are those of queries and keys, which are small differences.
const COSINE = 3e-4
const LOSS = 5e-3

// Their true gradient is zero, so only rounding is left: adding the same number to all keys or logits changes no softmax.
const UNDETERMINED = /attention\.self\.key\.bias|qa_outputs\.bias|layer\.5\.output\.LayerNorm\.bias/

describeShared('bfloat16 on eight real windows of MiniLM', () => describeEngines('gradients', expectGradients))

function expectGradients(engine: Engine): void {
  test.runIf(engine.precisions.includes('bfloat16'))(
    'point where those of float32 point, and are the same bits in every run',
    async () => {
      const batch = unpadded(recordedBatch(shared('reference/minilm/batch-longest.safetensors')))
      const [exact, rounded] = [await miniLm(), await miniLm(engine)]
      const expected = await batchGradient(exact, batch)
      const gradients = () => batchGradient(rounded, batch, 4, undefined, { bf16: true })
      const found = await gradients()
      expect(Math.abs(found.loss - expected.loss)).toBeLessThan(LOSS)
      for (const { name } of exact.specs)
        if (!UNDETERMINED.test(name))
          expect(1 - cosine(found.view(name), expected.view(name)), name).toBeLessThan(COSINE)
      expect(Buffer.compare(bytes(await gradients()), bytes(found))).toBe(0)
      await Promise.all([exact.release(), rounded.release()])
    },
    120_000,
  )
}

const bytes = ({ all }: Gradients) => Buffer.from(all.buffer, all.byteOffset, all.byteLength)

function cosine(a: Float32Array, b: Float32Array): number {
  let [ab, aa, bb] = [0, 0, 0]
  for (const [i, x] of a.entries()) {
    ab += x * b[i]
    aa += x * x
    bb += b[i] * b[i]
  }
  return ab / Math.sqrt(aa * bb)
}
