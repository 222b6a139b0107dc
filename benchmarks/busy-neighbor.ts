/** Measures how much speed a process that keeps one core busy costs. See README.md. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpus } from 'node:os'
import { Command, Option } from 'commander'
import { columns, textTable } from '../src/report/render/table.ts'
import { type EngineName, engineNames } from '../src/runtime/registry.ts'
import type { OwnResult } from './speed/document.ts'
import { runScript } from './speed/start.ts'
import type { ModeSettings } from './speed/time-mode.ts'

interface Options {
  readonly engines: readonly EngineName[]
  readonly model: ModeSettings['model']
  readonly rounds: number
  readonly steps: number
}

/** Keeps the last core busy while `work` runs. */
async function besideNeighbor<T>(work: () => T): Promise<T> {
  const neighbor = spawn('taskset', ['-c', String(cpus().length - 1), process.execPath, '-e', 'for (;;);'])
  await once(neighbor, 'spawn')
  try {
    return work()
  } finally {
    neighbor.kill('SIGKILL')
  }
}

/** Whether the threads of OpenMP, which oneDNN uses, and of ONNX Runtime keep their core busy while they wait. */
const WAITS = ['spinning', 'blocking'] as const

async function measure(train_file: string, folder: string, options: Options): Promise<void> {
  const rows: string[][] = []
  for (const engine of options.engines)
    for (const wait of WAITS) {
      process.env.OMP_WAIT_POLICY = wait === 'spinning' ? 'active' : 'passive'
      const settings: ModeSettings = {
        ...{ train_file, folder, engine, model: options.model, steps: options.steps, spin: wait === 'spinning' },
        ...{ questions: 3000, mode: 'grouped', threads: 0, bf16: engine !== 'onnxruntime', max_tokens_per_pass: 1536 },
      }
      const time = () => runScript<OwnResult>('./time-mode.ts', settings, `on ${engine}`)
      const [alone, beside]: [OwnResult[], OwnResult[]] = [[], []]
      for (let round = 0; round < options.rounds; round++) {
        alone.push(time())
        beside.push(await besideNeighbor(time))
      }
      const best = (results: readonly OwnResult[], part: 'training' | 'evaluation') =>
        Math.max(...results.map((result) => result[part].samples_per_second))
      const cells = (part: 'training' | 'evaluation') => {
        const [quiet, busy] = [best(alone, part), best(beside, part)]
        return [quiet.toFixed(1), busy.toFixed(1), `${((100 * busy) / quiet).toFixed(0)} %`]
      }
      rows.push([engine, wait, ...cells('training'), ...cells('evaluation')])
    }
  const titles = columns('Engine', 'Waits', '>Training samples/s', '>Beside', '>Left', '>Evaluation samples/s', '>Beside',
    '>Left') // biome-ignore format: a heading is one line
  console.log(textTable({ columns: titles, rows }))
}

await new Command('busy-neighbor')
  .argument('<train_file>', 'SQuAD v1.1 JSON')
  .argument('<folder>', 'Hugging Face folder: the model, or only the tokenizer with --model bert-base')
  .addOption(
    new Option('--engines <engines...>', 'engines to measure; all but ONNX Runtime compute in bfloat16')
      .choices(engineNames())
      .default(['onnxruntime', 'onednn']),
  )
  .option('--model <model>', 'folder, or bert-base with random weights', 'folder')
  .option('--rounds <n>', 'measurements of each, of which the fastest counts', Number, 2)
  .option('--steps <n>', 'timed steps', Number, 4)
  .action(measure)
  .parseAsync()
