/** Measures training with and without gradient checkpointing, in a Markdown table. See README.md. */
import { Command, Option } from 'commander'
import { decimal } from '../src/report/render/format.ts'
import { defaultEngine, type EngineName, engineNames } from '../src/runtime/registry.ts'
import type { OwnResult } from './speed/document.ts'
import { MODELS, titleOf } from './speed/models.ts'
import { runScript } from './speed/start.ts'
import type { ModeSettings } from './speed/time-mode.ts'

interface Options {
  readonly model: string
  readonly engine: EngineName
  readonly bf16: boolean
  readonly steps: number
  readonly questions: number
  readonly max_tokens_per_pass: number
}

const integer = (text: string): number => Math.max(1, Math.floor(Number(text)))

await new Command('gradient-checkpointing')
  .argument('<train_file>', 'SQuAD v1.1 JSON; windows of 384 tokens, stride 128')
  .argument('<folder>', 'Hugging Face folder with the tokenizer')
  .addOption(new Option('--model <name>', 'model of random weights').choices(MODELS).default('bert-large'))
  .addOption(new Option('--engine <name>', 'engine').choices(engineNames()).default(defaultEngine.name))
  .option('--bf16', 'compute in bfloat16', false)
  .option('--steps <n>', 'timed steps of 16 windows', integer, 2)
  .option('--questions <n>', 'number of questions from the file', integer, 3000)
  .option('--max_tokens_per_pass <n>', 'limit of tokens per pass', integer, 1024)
  .action((train_file: string, folder: string, options: Options) => {
    console.log(`| ${titleOf(options.model)} | peak memory | samples/s |\n|---|--:|--:|`)
    for (const gradient_checkpointing of [false, true]) {
      const data = { train_file, folder, mode: 'grouped' as const, threads: 0 }
      const settings: ModeSettings = { ...data, ...options, gradient_checkpointing }
      const kind = gradient_checkpointing ? 'with `gradient_checkpointing`' : 'values kept'
      const { training } = runScript<OwnResult>('./time-mode.ts', settings, kind)
      const memory = `${decimal(training.peak_resident_bytes / 1e9)} GB`
      console.log(`| ${kind} | ${memory} | ${decimal(training.samples_per_second)} |`)
    }
  })
  .parseAsync()
