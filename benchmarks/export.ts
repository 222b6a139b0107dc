/** Exports a model in all variants and measures their size, accuracy and speed, in a Markdown table. See README.md. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { EXPORT_DTYPES } from '../src/checkpoint/onnx-folder.ts'
import type { ExportOutcome } from '../src/export/export-model.ts'
import type { VariantSession } from '../src/export/gate/runtime.ts'
import { gateRuntime } from '../src/export/gate/runtimes.ts'
import { exportModel } from '../src/runs/export/export.ts'
import { standardErrorScreen } from '../src/runs/screen/progress.ts'

interface Options {
  readonly questions: number
  readonly runs: number
  readonly dtype?: string
  readonly out?: string
}

/** Numbers of tokens of the timed windows. */
const LENGTHS = [158, 384]

/** The median times in milliseconds for one window, by length and variant, taken in turns so that noise falls on all alike. */
async function latencies(folder: string, { variants }: ExportOutcome, runs: number): Promise<number[][]> {
  const runtime = await gateRuntime('node').start({ pad_token_id: 0 })
  const sessions: VariantSession[] = []
  try {
    for (const variant of variants) sessions.push(await runtime.open(folder, variant))
    const medians: number[][] = []
    for (const length of LENGTHS) {
      const row = {
        input_ids: Int32Array.from({ length }, (_, i) => 1000 + ((i * 7919) % 20_000)),
        token_type_ids: Int32Array.from({ length }, (_, i) => (i > 15 ? 1 : 0)),
        attended: length,
      }
      const times: number[][] = variants.map(() => [])
      for (let run = -1; run < runs; run++)
        for (const [k, session] of sessions.entries()) {
          const start = performance.now()
          await session.run([row])
          if (run >= 0) times[k].push(performance.now() - start)
        }
      medians.push(times.map((list) => list.sort((a, b) => a - b)[list.length >> 1]))
    }
    return medians
  } finally {
    for (const session of sessions) await session.close()
    await runtime.close()
  }
}

function table({ variants }: ExportOutcome, [short, long]: number[][]): string {
  const lines = variants.map(({ dtype, bytes, share, comparison, objections = [] }, i) => {
    const { answers, logit_error } = comparison!.runtimes[0]
    const cells = [
      dtype,
      (bytes / 1e6).toFixed(1),
      `${(100 * share).toFixed(1)} %`,
      answers!.exact_match.toFixed(2),
      answers!.f1.toFixed(2),
      `${answers!.same_answers.toFixed(1)} %`,
      `${logit_error!.max.toExponential(1)}, ${(100 * logit_error!.relative).toFixed(2)} %`,
      `${short[i].toFixed(1)} (${(short[0] / short[i]).toFixed(2)} x)`,
      `${long[i].toFixed(1)} (${(long[0] / long[i]).toFixed(2)} x)`,
      objections.length > 0 ? 'rejected' : 'written',
    ]
    return `| ${cells.join(' | ')} |`
  })
  return [
    '| dtype | MB | of fp32 | EM | F1 | same answers | error of logits: max, rms | ms, 158 tokens | ms, 384 tokens | |',
    '|---|---|---|---|---|---|---|---|---|---|',
    ...lines,
  ].join('\n')
}

async function measure(model: string, data: string, { questions, runs, dtype, out }: Options): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'spanforge-'))
  try {
    const exported = await exportModel(model, {
      output_dir: join(folder, 'exported'),
      dtypes: dtype ? ['fp32', ...dtype.split(',')] : EXPORT_DTYPES,
      validation_file: data,
      max_eval_samples: questions,
      runtimes: ['node'],
      force: true,
      screen: standardErrorScreen,
    })
    const times = await latencies(exported.folder, exported, runs)
    console.log(table(exported, times))
    const [{ comparison }] = exported.variants
    const { exact_match, f1 } = comparison!.model!
    console.log(`\nThe model itself: EM ${exact_match.toFixed(2)}, F1 ${f1.toFixed(2)}.`)
    for (const { dtype, kept, objections = [] } of exported.variants) {
      if (kept.length > 0) console.log(`${dtype} keeps in float32: ${kept.join(', ')}`)
      for (const objection of objections) console.log(`${dtype} ${objection}`)
    }
    const facts = { variants: exported.variants, lengths: LENGTHS, window_ms: times }
    if (out) writeFileSync(out, `${JSON.stringify(facts, null, 2)}\n`)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

await new Command('export')
  .argument('<model>', 'model folder')
  .argument('<data>', 'data file with the questions')
  .option('--questions <integer>', 'maximum number of questions', Number, 600)
  .option('--runs <integer>', 'number of timed runs of each variant and length', Number, 21)
  .option('--dtype <names>', 'variants besides fp32, separated by commas (default: all)')
  .option('--out <file>', 'also write the results as JSON')
  .action(measure)
  .parseAsync()
