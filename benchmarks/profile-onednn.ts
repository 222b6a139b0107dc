/** Profiles training steps and evaluations on oneDNN by part. See README.md. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command, Option } from 'commander'
import { windowLosses } from '../src/inference/logits.ts'
import { loadPretrained, randomModel } from '../src/inference/pretrained.ts'
import type { QuestionAnsweringModel } from '../src/models/question-answering.ts'
import { parseConfig } from '../src/models/registry.ts'
import { columns, textTable } from '../src/report/render/table.ts'
import type { LabeledWindow } from '../src/squad/types.ts'
import { parseArguments } from '../src/training/arguments/arguments.ts'
import { Stepper } from '../src/training/loop/stepper.ts'
import { pickBatches } from './speed/batches.ts'
import { readDataset } from './speed/data.ts'
import { engineWith } from './speed/engine.ts'

type Parts = Readonly<Record<string, { readonly milliseconds: number; readonly calls: number }>>

/** The time that kernels take in addition to their calls of oneDNN. */
const IN_JAVASCRIPT = 'kernels in JavaScript'

/** Names of calls by part; all other calls of oneDNN are element-wise operations. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  'products with weights': ['linear', 'product', 'weight gradient'],
  attention: ['q k', 'softmax', 'p v', 'd v', 'd p', 'softmax backward', 'd q', 'd k', 'heads', 'mask'],
  normalization: ['layer norm', 'layer norm backward'],
  'packing weights': ['weights'],
  'compiling primitives': ['compiling primitives'],
}
const ELEMENTWISE = 'element-wise operations'

interface Options {
  readonly model: string
  readonly float32: boolean
  readonly steps: number
  readonly max_tokens_per_pass: number
}

/** Milliseconds on the main thread and in total, for all steps or evaluations. */
interface Times {
  readonly optimizer: number
  readonly total: number
}

async function train(
  model: QuestionAnsweringModel,
  batches: readonly (readonly number[])[],
  windows: readonly LabeledWindow[],
  max_tokens_per_pass: number,
): Promise<Times> {
  const stepper = await Stepper.open(model, parseArguments({ max_tokens_per_pass }, 'profile'), batches.length)
  const { optimizer } = stepper
  const step = optimizer.step.bind(optimizer)
  let inOptimizer = 0
  optimizer.step = (...args) => {
    const start = performance.now()
    const succeeded = step(...args)
    inOptimizer += performance.now() - start
    return succeeded
  }
  const start = performance.now()
  for (const [i, batch] of batches.entries()) await stepper.step(i, [batch], windows)
  const total = performance.now() - start
  await stepper.release()
  return { optimizer: inOptimizer, total }
}

async function evaluate(
  model: QuestionAnsweringModel,
  batches: readonly (readonly number[])[],
  windows: readonly LabeledWindow[],
  max_tokens_per_pass: number,
): Promise<Times> {
  const start = performance.now()
  const all = batches.flat().map((i) => windows[i])
  await windowLosses(model, all, { max_tokens_per_pass })
  const total = performance.now() - start
  await model.release()
  return { optimizer: 0, total }
}

/** The profiles of all lanes. */
async function readProfiles(folder: string): Promise<Parts[]> {
  const files = await readdir(folder)
  return Promise.all(files.map(async (file) => JSON.parse(await readFile(join(folder, file), 'utf8'))))
}

function partOf(call: string): string {
  if (call.endsWith(' without oneDNN')) return IN_JAVASCRIPT
  return Object.keys(PARTS).find((part) => PARTS[part].includes(call)) ?? ELEMENTWISE
}

function print(what: string, profiles: readonly Parts[], { optimizer, total }: Times, count: number): void {
  const lanes = profiles.length
  const times = new Map([...Object.keys(PARTS), ELEMENTWISE, IN_JAVASCRIPT].map((part) => [part, 0]))
  for (const profile of profiles)
    for (const [call, { milliseconds }] of Object.entries(profile))
      times.set(partOf(call), times.get(partOf(call))! + milliseconds / lanes)
  const inEngine = [...times.values()].reduce((a, b) => a + b, 0)
  if (optimizer > 0) times.set('optimizer', optimizer)
  times.set('inputs, masks, waiting', total - inEngine - optimizer)
  const rows = [...times].map(([part, ms]) => [part, (ms / count).toFixed(1), `${((100 * ms) / total).toFixed(1)} %`])
  console.log(`${what}: ${(total / count).toFixed(0)} ms for 16 windows, in ${lanes} lanes\n`)
  console.log(`${textTable({ columns: columns('Part', '>ms', '>Share'), rows })}\n`)
}

await new Command('profile-onednn')
  .argument('<train_file>', 'SQuAD v1.1 JSON')
  .argument('<folder>', 'Hugging Face folder: the model, or only the tokenizer with --model bert-base')
  .addOption(
    new Option('--model <model>', 'folder, or bert-base with random weights')
      .choices(['folder', 'bert-base'])
      .default('folder'),
  )
  .option('--float32', 'compute in float32 instead of bfloat16', false)
  .option('--steps <n>', 'batches of 16 windows', Number, 12)
  .option('--max_tokens_per_pass <n>', 'tokens of all passes at a time', Number, 1536)
  .action(async (train_file: string, folder: string, options: Options) => {
    const { windows } = await readDataset(train_file, folder, 3000)
    const { timed } = pickBatches(windows, 'grouped', options.steps)
    for (const [what, run] of Object.entries({ Training: train, Evaluation: evaluate })) {
      const output = await mkdtemp(join(tmpdir(), 'spanforge-profile-'))
      const precision = options.float32 ? 'float32' : 'bfloat16'
      const engine = await engineWith({ profilePrefix: join(output, 'lane'), precision }, 'onednn')
      const model =
        options.model === 'bert-base'
          ? randomModel(parseConfig({ model_type: 'bert' }, 'bert-base'), { engine })
          : (await loadPretrained(folder, { engine })).model
      const times = await run(model, timed, windows, options.max_tokens_per_pass)
      print(what, await readProfiles(output), times, options.steps)
      await rm(output, { recursive: true })
    }
  })
  .parseAsync()
