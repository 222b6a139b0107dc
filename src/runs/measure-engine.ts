import { randomModel } from '../inference/pretrained.ts'
import type { BertConfig } from '../models/config.ts'
import { countSpans } from '../models/span-targets.ts'
import type { Engine, Precision } from '../runtime/engine.ts'
import { BatchGradient } from '../training/gradients.ts'

const [ROWS, LENGTH, LAYERS, WORDS, RUNS] = [4, 160, 2, 1024, 3]

/**
 * How long an engine takes for the gradient of a small batch: two layers of the model's size over 4 windows of 160
 * tokens, the fastest of three after one that makes everything ready.
 */
export async function secondsOfStep(engine: Engine, config: BertConfig, precision: Precision): Promise<number> {
  const small = {
    ...config,
    num_hidden_layers: Math.min(LAYERS, config.num_hidden_layers),
    vocab_size: Math.min(config.vocab_size, WORDS),
    pad_token_id: null,
    hidden_dropout_prob: 0,
    attention_probs_dropout_prob: 0,
  }
  const length = Math.min(LENGTH, config.max_position_embeddings)
  const model = randomModel(small, { engine })
  const batch = await BatchGradient.compile(model, new Float32Array(model.num_parameters()), {
    bf16: precision === 'bfloat16',
  })
  const rows = Array.from({ length: ROWS }, (_, r) => ({
    input_ids: Int32Array.from({ length }, (_, i) => (31 * i + 7 * r) % small.vocab_size),
    token_type_ids: new Int32Array(length),
    attended: length,
  }))
  const spans = rows.map((_, r) => ({ start_position: r, end_position: r + 1 }))
  const pass = { rows, spans, counts: countSpans(spans, new Array(ROWS).fill(length)) }
  const times: number[] = []
  try {
    for (let run = 0; run <= RUNS; run++) {
      batch.reset()
      const began = performance.now()
      // Nothing is dropped, so no mask is asked for.
      await batch.add(pass, (_site, _probability, size) => new Float32Array(size))
      times.push((performance.now() - began) / 1000)
    }
  } finally {
    await batch.release()
  }
  return Math.min(...times.slice(1))
}
