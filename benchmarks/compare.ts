/** Compares spanforge with torch in a Markdown table, from the JSON output of speed.ts and python/bench_torch.py. */
import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { SpanforgeError } from '../src/errors.ts'
import { decimal } from '../src/report/render/format.ts'
import { defaultEngine, engineEntry } from '../src/runtime/registry.ts'
import type { OwnResult, Result, SpeedDocument, TorchDocument } from './speed/document.ts'
import { titleOf } from './speed/models.ts'

const TORCH_MODES: Readonly<Record<string, string>> = {
  run_qa: 'torch as run_qa runs it: fp32, padded to 384',
  'longest-fp32': 'torch at its best: fp32, grouped by length',
  'longest-bf16': 'torch at its best: bf16, grouped by length',
}
const OUR_MODES: Readonly<Record<string, string>> = {
  shuffled: 'batches in random order',
  grouped: 'grouped by length',
}

/** Documents from before there was a second engine do not name one. */
function ourName({ mode, engine, bf16 }: OwnResult): string {
  const on = engine && engine !== defaultEngine.name ? ` on ${engineEntry(engine).title}` : ''
  return `spanforge${on}: ${bf16 ? 'bf16' : 'fp32'}, ${OUR_MODES[mode]}`
}

/** Ensures that both were measured with the same windows on the same machine. */
function checkSame(ours: SpeedDocument, torch: TorchDocument): void {
  const differ = (what: string, a: unknown, b: unknown) => {
    if (a === b) return
    throw new SpanforgeError(`${what}: ${a} here and ${b} with torch: the work or the machine differs`, {
      remedy: 'Run both with the same file on the same machine.',
    })
  }
  for (const key of ['cpu', 'cores', 'train_file'] as const) differ(key, ours[key], torch[key])
  const [first, other] = [ours.results[0], torch.results[0]]
  differ('windows', first.data_windows, other.data_windows)
  differ('tokens', first.data_tokens, other.data_tokens)
  for (const a of ours.results)
    for (const b of torch.results) {
      if (a.model === b.model) differ(`parameters of ${a.model}`, a.parameters, b.parameters)
      const grouped = (a.mode === 'grouped') === (b.mode !== 'run_qa')
      if (!grouped || (a.mode === 'grouped' && a.training.steps.length !== b.training.steps.length)) continue
      for (const [i, step] of a.training.steps.slice(0, b.training.steps.length).entries())
        differ(`windows of step ${i + 1}`, String(step.windows), String(b.training.steps[i].windows))
    }
}

function table(model: string, ours: SpeedDocument, torch: TorchDocument): string[] {
  const of = <R extends Result>(results: readonly R[]) => results.filter((result) => result.model === model)
  const base = of(torch.results).find(({ mode }) => mode === 'run_qa')
  const row = (name: string, { training, evaluation }: Result) => {
    const share = (100 * training.gflop_per_second) / ours.peak_gflop_per_second
    const times = base ? decimal(training.samples_per_second / base.training.samples_per_second, 1) : '-'
    const cells = [
      name,
      decimal(training.samples_per_second),
      times,
      decimal(training.real_tokens_per_second, 0),
      `${decimal(training.gflop_per_second, 0)} (${decimal(share, 0)} %)`,
      `${decimal(training.peak_resident_bytes / 1e9, 1)} GB`,
      decimal(evaluation.samples_per_second),
    ]
    return `| ${cells.join(' | ')} |`
  }
  const parameters = of(ours.results)[0]?.parameters.toLocaleString('en-US')
  return [
    `**${titleOf(model)}**, ${parameters} parameters`,
    '',
    '| | training samples/s | times run_qa | real tokens/s | useful GFLOP/s (of peak) | peak memory | evaluation samples/s |',
    '|---|--:|--:|--:|--:|--:|--:|',
    ...of(torch.results).map((result) => row(TORCH_MODES[result.mode] ?? result.mode, result)),
    ...of(ours.results).map((result) => {
      const variants = of(ours.results).filter(({ mode }) => mode === result.mode).length > 1
      const passes = variants ? `, passes of ${result.max_tokens_per_pass} tokens` : ''
      return row(`${ourName(result)}${passes}`, result)
    }),
    '',
  ]
}

await new Command('compare')
  .argument('<ours>', 'JSON of speed.ts')
  .argument('<torch>', 'JSON of python/bench_torch.py')
  .action((oursFile: string, torchFile: string) => {
    const ours: SpeedDocument = JSON.parse(readFileSync(oursFile, 'utf8'))
    const torch: TorchDocument = JSON.parse(readFileSync(torchFile, 'utf8'))
    checkSame(ours, torch)
    const models = [...new Set(ours.results.map(({ model }) => model))]
    const peak = decimal(ours.peak_gflop_per_second, 0)
    console.log(models.flatMap((model) => table(model, ours, torch)).join('\n'))
    console.log(`${ours.cpu}, ${ours.cores} cores; large matrix products at most ${peak} GFLOP/s.`)
  })
  .parseAsync()
