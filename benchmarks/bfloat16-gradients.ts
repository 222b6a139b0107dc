/** Measures how far gradients in bfloat16 point from those in float32: 1 - cosine for each parameter. See README.md. */
import { Command } from 'commander'
import { columns, textTable } from '../src/report/render/table.ts'
import { type EngineName, openEngine } from '../src/runtime/registry.ts'
import { batchGradient, cosine } from '../tests/batch-gradient.ts'
import { firstWindows, isDetermined, miniLm } from '../tests/minilm-model.ts'
import { shared } from '../tests/shared.ts'
import { type RecordedBatch, recordedBatch, unpadded } from '../tests/tiny-model.ts'

/** First window of each batch in addition to the recorded one. */
const STARTS = [20, 60, 100, 140, 180, 220, 250, 290, 330]
const BATCH = 8

async function batches(): Promise<readonly RecordedBatch[]> {
  const windows = await firstWindows('squad-train-articles.json', 400)
  const recorded = unpadded(recordedBatch(shared('reference/minilm/batch-longest.safetensors')))
  const others = STARTS.map((start) => {
    const spans = windows.slice(start, start + BATCH)
    const rows = spans.map(({ input_ids, context_start }) => ({
      ...{ input_ids, attended: input_ids.length },
      token_type_ids: Int32Array.from(input_ids, (_, i) => Number(i >= context_start)),
    }))
    return { rows, spans }
  })
  return [recorded, ...others]
}

new Command('bfloat16-gradients')
  .option('--engine <name>', 'engine in bfloat16', 'onednn')
  .action(async ({ engine }: { engine: EngineName }) => {
    const [exact, rounded] = [await miniLm(), await miniLm(await openEngine(engine))]
    const names = exact.specs.map(({ name }) => name).filter(isDetermined)
    const rows: string[][] = []
    for (const [i, batch] of (await batches()).entries()) {
      const expected = await batchGradient(exact, batch, 4)
      const found = await batchGradient(rounded, batch, 4, undefined, { bf16: true })
      const distances = names.map((name) => 1 - cosine(found.view(name), expected.view(name)))
      const largest = Math.max(...distances)
      const mean = distances.reduce((a, b) => a + b) / distances.length
      const title = i === 0 ? 'recorded' : `windows from ${STARTS[i - 1]}`
      rows.push([title, mean.toExponential(1), largest.toExponential(1), names[distances.indexOf(largest)]])
    }
    console.log(textTable({ columns: columns('Batch', '>Mean', '>Largest', 'Parameter'), rows }))
    await Promise.all([exact.release(), rounded.release()])
  })
  .parse()
