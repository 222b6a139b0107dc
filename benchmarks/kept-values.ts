/** Computes from the graphs how much memory the values of a training pass need at once. Nothing is run. See README.md. */
import { Command } from 'commander'
import { lower } from '../src/lowering/lower.ts'
import { trainingGraph } from '../src/models/programs.ts'
import { parseConfig } from '../src/models/registry.ts'
import { byteSize } from '../src/report/render/format.ts'
import { columns, textTable } from '../src/report/render/table.ts'
import { dialect } from '../src/runtime/onnxruntime.ts'
import { mostLiveValues } from '../tests/live-values.ts'
import { configOf, FAMILIES, titleOf } from './speed/models.ts'

const kept = (model: string, pass: { rows: number; length: number }, gradient_checkpointing: boolean): string => {
  const { outputs } = trainingGraph(parseConfig(configOf(model), model), { gradient_checkpointing })
  return byteSize(4 * mostLiveValues(lower(outputs, dialect), { ...pass, tokens: pass.rows * pass.length }))
}

new Command('kept-values')
  .option('--rows <n>', 'windows in the pass', Number, 5)
  .option('--length <n>', 'tokens in each window', Number, 192)
  .action((pass: { rows: number; length: number }) => {
    const rows = ['bert-base', 'bert-large', ...FAMILIES].map((model) => [
      titleOf(model),
      kept(model, pass, false),
      kept(model, pass, true),
    ])
    console.log(textTable({ columns: columns('Model', '>Kept', '>With gradient_checkpointing'), rows }))
  })
  .parse()
