/** Measures whether memory stays constant over thousands of passes with different shapes. See README.md. */
import { readFileSync } from 'node:fs'
import { Command, Option } from 'commander'
import { countSpans } from '../src/batching/span-targets.ts'
import { randomModel } from '../src/inference/pretrained.ts'
import { parseConfig } from '../src/models/registry.ts'
import { random } from '../src/random/random.ts'
import { columns, textTable } from '../src/report/render/table.ts'
import { type EngineName, engineNames, openEngine } from '../src/runtime/registry.ts'
import { BatchGradient } from '../src/training/loop/gradients.ts'

const CONFIG = { hidden_size: 128, num_hidden_layers: 2, num_attention_heads: 2, intermediate_size: 512 }
const STILL = { vocab_size: 1024, hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 }

const residentBytes = (): number =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]) * 1024

async function measure(name: EngineName, passes: number, every: number): Promise<void> {
  const model = randomModel(parseConfig({ ...CONFIG, ...STILL }, 'benchmark'), { engine: await openEngine(name) })
  const gradient = await BatchGradient.open(model, new Float32Array(model.num_parameters()))
  const { below } = random(42, 'shapes')
  const rows: string[][] = []
  const shapes = new Set<string>()
  for (let pass = 1; pass <= passes; pass++) {
    const lengths = Array.from({ length: 1 + below(6) }, () => 16 + below(240))
    shapes.add(`${lengths.length} ${Math.max(...lengths)} ${lengths.reduce((a, b) => a + b, 0)}`)
    const spans = lengths.map(() => ({ start_position: 1, end_position: 2 }))
    const windows = lengths.map((length) => ({
      input_ids: Int32Array.from({ length }, () => below(1024)),
      token_type_ids: new Int32Array(length),
      attended: length,
    }))
    await gradient.reset()
    await gradient.add({ rows: windows, places: [], spans, counts: countSpans(spans, lengths) }, () => {})
    if (pass % every === 0) rows.push([String(pass), String(shapes.size), `${(residentBytes() / 1e6).toFixed(0)} MB`])
  }
  await gradient.release()
  console.log(textTable({ columns: columns('>Passes', '>Shapes', '>Resident'), rows }))
}

await new Command('engine-memory')
  .addOption(new Option('--engine <name>', 'engine to measure').choices(engineNames()).default('openvino'))
  .option('--passes <n>', 'passes, almost all with different shapes', Number, 5000)
  .option('--every <n>', 'passes between measurements', Number, 500)
  .action(({ engine, passes, every }) => measure(engine, passes, every))
  .parseAsync()
