import { expect, test } from 'vitest'
import { randomModel } from '../src/inference/pretrained.ts'
import { MODEL_TYPES, parseConfig } from '../src/models/registry.ts'
import type { Engine } from '../src/runtime/engine.ts'
import { parseArguments } from '../src/training/arguments/arguments.ts'
import { Stepper } from '../src/training/loop/stepper.ts'
import { batchGradient, type Gradients } from './batch-gradient.ts'
import { describeEngines } from './engines.ts'
import { firstWindows, miniLm } from './minilm-model.ts'
import { describeShared, shared } from './shared.ts'
import { readJson } from './squad-reference.ts'
import { thoroughOr } from './thorough.ts'
import { recordedBatch, unpadded, withoutDropout } from './tiny-model.ts'

// 1 - cosine between the gradients of a parameter. On these windows torch's autocast is up to 1.5e-4 away from its own
// float32, oneDNN 1.7e-4 and OpenVINO 2.1e-4; the largest are those of queries and keys, which are small differences. The
// rounded factors of the products cause most of it: with layer norms and results of products in float32, it is up to
// 2.3e-4, and 4.6e-5 on average.
const COSINE = 3e-4
const MEAN_COSINE = 1e-4
const LOSS = 5e-3

// How far the losses of the recorded float32 steps may be away. Measured: 1.1e-3.
const CURVE = 0.02
const STEPS = 30
const BATCH = 8

// Their true gradient is zero, so only rounding is left: adding the same number to all keys or logits changes no softmax.
const UNDETERMINED = /attention\.self\.key\.bias|qa_outputs\.bias|layer\.5\.output\.LayerNorm\.bias/

describeShared('bfloat16 on eight real windows of MiniLM', () => describeEngines('gradients', expectGradients))
describeShared('bfloat16 on the recorded steps of MiniLM', () => describeEngines('losses', expectCurve))

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
      const determined = exact.specs.filter(({ name }) => !UNDETERMINED.test(name))
      const distances = determined.map(({ name }) => 1 - cosine(found.view(name), expected.view(name)))
      for (const [i, { name }] of determined.entries()) expect(distances[i], name).toBeLessThan(COSINE)
      expect(distances.reduce((a, b) => a + b) / distances.length).toBeLessThan(MEAN_COSINE)
      expect(Buffer.compare(bytes(await gradients()), bytes(found))).toBe(0)
      await Promise.all([exact.release(), rounded.release()])
    },
    120_000,
  )
}

describeEngines('bfloat16 in every family', (engine) => {
  // Heads as wide as those of real models: narrow rows are not rounded.
  const sizes = {
    vocab_size: 100,
    hidden_size: 64,
    intermediate_size: 96,
    num_hidden_layers: 2,
    num_attention_heads: 2,
  }
  const relative = { relative_attention: true, position_buckets: 16, pos_att_type: ['c2p', 'p2c'], share_att_key: true }
  const own: Readonly<Record<string, object>> = {
    distilbert: { dim: 64, n_heads: 2, n_layers: 2, hidden_dim: 96 },
    albert: { embedding_size: 32 },
    modernbert: {
      pad_token_id: 0,
      cls_token_id: 1,
      sep_token_id: 2,
      bos_token_id: 1,
      eos_token_id: 2,
      global_attn_every_n_layers: 1,
    },
    'deberta-v2': { ...relative, hidden_dropout_prob: 0, attention_probs_dropout_prob: 0, max_relative_positions: 64 },
  }
  test.runIf(engine.precisions.includes('bfloat16')).each(MODEL_TYPES)(
    '%s: gradients point as in float32',
    async (type) => {
      const config = parseConfig({ model_type: type, ...sizes, ...own[type] }, type)
      const [exact, rounded] = [randomModel(config, {}), randomModel(config, { engine })].map(withoutDropout)
      const rows = [40, 21].map((length, r) => ({
        input_ids: Int32Array.from({ length }, (_, i) => 5 + ((7 * i + 31 * r) % 90)),
        token_type_ids: new Int32Array(length),
        attended: length,
      }))
      const batch = { rows, spans: rows.map((_, r) => ({ start_position: 3 + r, end_position: 9 })) }
      const expected = await batchGradient(exact, batch)
      const found = await batchGradient(rounded, batch, 2, undefined, { bf16: true })
      expect(Math.abs(found.loss - expected.loss)).toBeLessThan(LOSS)
      expect(1 - cosine(found.all, expected.all)).toBeLessThan(COSINE)
      await Promise.all([exact.release(), rounded.release()])
    },
  )
})

function expectCurve(engine: Engine): void {
  test.runIf(engine.precisions.includes('bfloat16'))(
    'stay close to those of float32',
    async () => {
      const { steps } = readJson<{ steps: { loss: number }[] }>(shared('reference/curve/longest.json'))
      const count = thoroughOr(STEPS, 3)
      const windows = await firstWindows('squad-train-articles.json', count * BATCH)
      const model = await miniLm(engine)
      const options = { padding: 'longest', learning_rate: 3e-5, weight_decay: 0.01, bf16: true } as const
      const stepper = await Stepper.open(model, parseArguments(options, 'test'), STEPS)
      for (const [step, expected] of steps.slice(0, count).entries()) {
        const batch = Array.from({ length: BATCH }, (_, i) => step * BATCH + i)
        const { loss } = await stepper.step(step, [batch], windows)
        expect(Math.abs(loss - expected.loss), `step ${step + 1}`).toBeLessThan(CURVE)
      }
      await Promise.all([stepper.release(), model.release()])
    },
    600_000,
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
