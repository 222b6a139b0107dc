import { cutIntoLanes, inLanes } from '../../batching/passes.ts'
import { countSpans } from '../../batching/span-targets.ts'
import { randomModel } from '../../inference/pretrained.ts'
import type { ModelConfig } from '../../models/architecture.ts'
import { architectureOf } from '../../models/registry.ts'
import type { Engine, Precision } from '../../runtime/engine.ts'
import { BatchGradient } from '../../training/loop/gradients.ts'

const [ROWS, LENGTH, LAYERS, WORDS, RUNS] = [4, 160, 2, 1024, 3]

/**
 * Measures how long an engine takes for the gradient of a small batch: two layers of the model's size and 4 windows of
 * 160 tokens. The result is the fastest of three runs after a warm-up.
 */
export async function secondsOfStep(engine: Engine, config: ModelConfig, precision: Precision): Promise<number> {
  const { resized, geometry } = architectureOf(config)
  const { layers, vocab_size: words, max_positions } = geometry(config)
  const vocab_size = Math.min(words, WORDS)
  const length = Math.min(LENGTH, max_positions)
  const model = randomModel(resized(config, { layers: Math.min(LAYERS, layers), vocab_size }), { engine })
  const batch = await BatchGradient.open(model, new Float32Array(model.num_parameters()), {
    bf16: precision === 'bfloat16',
    fp16: precision === 'float16',
  })
  const rows = Array.from({ length: ROWS }, (_, r) => ({
    input_ids: Int32Array.from({ length }, (_, i) => (31 * i + 7 * r) % vocab_size),
    token_type_ids: new Int32Array(length),
    attended: length,
  }))
  const spans = rows.map((_, r) => ({ start_position: r, end_position: r + 1 }))
  const lengths = new Array(ROWS).fill(length)
  const counts = countSpans(spans, lengths)
  const pass = (places: readonly number[]) => ({
    ...{ places, counts },
    rows: places.map((r) => rows[r]),
    spans: places.map((r) => spans[r]),
  })
  const lanes = cutIntoLanes(lengths, ROWS * LENGTH, batch.lanes).map((passes) => passes.map(pass))
  const times: number[] = []
  try {
    for (let run = 0; run <= RUNS; run++) {
      batch.reset()
      const began = performance.now()
      await inLanes(lanes, (pass, _, lane) => batch.add(pass, (_site, _spec, _pass, out) => void out.fill(1), lane))
      batch.join(0)
      times.push((performance.now() - began) / 1000)
    }
  } finally {
    await batch.release()
  }
  return Math.min(...times.slice(1))
}
