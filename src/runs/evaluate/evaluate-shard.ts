import { join } from 'node:path'
import { z } from 'zod'
import { UsageError } from '../../errors.ts'
import { withLock } from '../../files/lock.ts'
import { checkOutputs } from '../../files/output.ts'
import { digestConfig, digestQuestions, digestTokenizer, digestWindows } from '../../inference/digests.ts'
import { checkLoss } from '../../inference/evaluate.ts'
import { computePasses, type PassGroup, passGroups } from '../../inference/logits.ts'
import { type PassResult, passLine } from '../../inference/pass-lines.ts'
import { sha256Of } from '../../training/checkpoints/checkpoint-manifest.ts'
import { modelInputs } from '../run-files.ts'
import { BlockJournal } from '../shards/block-journal.ts'
import { isOwn, type Shard, shardPath, showShard } from '../shards/shard.ts'
import { completeShard, manifestPath, type ShardManifest, writeShardManifest } from '../shards/shard-manifest.ts'
import {
  checkEvaluateOptions,
  type EvaluateModelOptions,
  type PreparedEvaluation,
  prepareEvaluation,
  readEvaluationData,
} from './evaluate-model.ts'

/** The logits of a shard, in its file name. */
export const LOGITS_FILE = 'logits.jsonl'

/** What `spanforge evaluate --shard --json` prints. */
export interface EvaluatedShard {
  readonly shard: string
  readonly files: readonly string[]
  /** Number of windows in this shard, and in all shards. */
  readonly windows: number
  readonly all_windows: number
  /** In seconds, over all processes that computed the shard. */
  readonly runtime: number
}

const PROGRESS = z.object({
  passes: z.int().nonnegative(),
  windows: z.int().nonnegative(),
  runtime: z.number().nonnegative(),
})

type EvaluationProgress = z.output<typeof PROGRESS>

/** Number of passes in each lane between two writes. */
const CHUNK = 8

/**
 * Computes the logits of one part of an evaluation, into files in `output_dir` that `merge` evaluates. If the process is
 * killed, the same call resumes it.
 */
export async function evaluateShard(
  options: EvaluateModelOptions,
  shard: Shard,
  signal?: AbortSignal,
): Promise<EvaluatedShard> {
  checkEvaluateOptions(options)
  const { output_dir, calibrate, model, data, screen } = options
  if (output_dir === undefined)
    throw new UsageError('evaluate: --shard requires --output_dir, the folder for the files of all shards')
  if (calibrate)
    throw new UsageError(
      'evaluate: --calibrate and --shard are mutually exclusive',
      'Evaluate in shards, or calibrate in a single process.',
    )
  const path = shardPath(join(output_dir, LOGITS_FILE), shard)
  const written = [path, manifestPath(path), `${path}.partial`, `${path}.partial.json`]
  checkOutputs(written, { overwrite: true, inputs: [data, ...modelInputs(model)] })
  return withLock(`${path}.lock`, () => computeShard(options, { shard, path, signal }), {
    guards: path,
    remedy: 'choose another --output_dir',
    onWait: () => screen.print(`Another process is computing ${path}: waiting for it to finish.`),
    onDoubt: screen.print,
    signal,
  })
}

interface ShardPlace {
  readonly shard: Shard
  readonly path: string
  readonly signal?: AbortSignal
}

async function computeShard(
  options: EvaluateModelOptions,
  { shard, path, signal }: ShardPlace,
): Promise<EvaluatedShard> {
  const { overwrite = false, screen } = options
  const prepared = await prepareEvaluation(await readEvaluationData(options), options)
  const { loaded, asked, data } = prepared
  try {
    const { model } = loaded
    const groups = passGroups(model, data.windows, asked, data.windows)
    const units = groups.flat(2).length
    const inputs = { settings: shardSettings(options, prepared), digests: await shardDigests(prepared) }
    const summary = ({ windows, runtime }: EvaluationProgress): EvaluatedShard => ({
      shard: showShard(shard),
      files: [path],
      windows,
      all_windows: data.windows.length,
      runtime,
    })
    const complete = overwrite ? undefined : await completeShard(path, inputs)
    if (complete) return summary(PROGRESS.parse(complete.facts))
    const journal = await BlockJournal.open<EvaluationProgress>(path, {
      ...inputs,
      progress: { schema: PROGRESS, start: { passes: 0, windows: 0, runtime: 0 } },
      overwrite,
      onNote: screen.print,
    })
    if (!journal) throw new UsageError(`${path}: its description is missing`, 'Start over with --overwrite.')
    try {
      await computeRest(prepared, ownChunks(groups, shard), { journal, signal })
    } catch (error) {
      await journal.leave()
      throw error
    }
    const { passes, windows, runtime } = journal.state
    await writeShardManifest(path, {
      ...{ command: 'evaluate', shard, ...inputs, units },
      sha256: await sha256Of(`${path}.partial`),
      facts: { passes, windows, runtime, places: placesOf(options) },
    })
    await journal.finish()
    return summary(journal.state)
  } finally {
    await loaded.model.release()
  }
}

/** The passes of a shard, in chunks that are always computed and written in the same order. */
function ownChunks(groups: readonly PassGroup[], shard: Shard): PassGroup[] {
  return groups.flatMap((group) => {
    const own = group.map((passes) => passes.filter(({ number }) => isOwn(shard, number)))
    const chunks = Math.ceil(Math.max(...own.map(({ length }) => length)) / CHUNK)
    return Array.from({ length: chunks }, (_, i) => own.map((passes) => passes.slice(i * CHUNK, (i + 1) * CHUNK)))
  })
}

interface Work {
  readonly journal: BlockJournal<EvaluationProgress>
  readonly signal?: AbortSignal
}

async function computeRest(
  { loaded: { model }, asked: { screen } }: PreparedEvaluation,
  chunks: readonly PassGroup[],
  { journal, signal }: Work,
): Promise<void> {
  const windowsOf = (chunk: PassGroup) => chunk.flat().reduce((sum, { windows }) => sum + windows.length, 0)
  const total = chunks.reduce((sum, chunk) => sum + windowsOf(chunk), 0)
  if (journal.state.windows > 0)
    screen.print(`Resuming after ${journal.state.windows.toLocaleString('en-US')} samples.`)
  const progress = screen.counting('Evaluating', 'samples', total, journal.state.windows)
  let [passed, done] = [0, journal.state.windows]
  try {
    for (const chunk of chunks) {
      passed += chunk.flat().length
      if (passed <= journal.state.passes) continue
      signal?.throwIfAborted()
      const start = performance.now()
      const results = await computePasses(model, chunk, (windows) => {
        done += windows
        progress.update(done)
      })
      await journal.append(linesOf(results), () => ({
        passes: passed,
        windows: journal.state.windows + windowsOf(chunk),
        runtime: journal.state.runtime + (performance.now() - start) / 1000,
      }))
    }
  } finally {
    progress.stop()
  }
}

function linesOf(results: readonly PassResult[]): string {
  for (const { loss } of results) checkLoss(loss)
  return results.map(passLine).join('')
}

/** The options that `merge` evaluates with, apart from those that say where the model and the data are. */
const EVALUATED_WITH = [
  ...(['padding', 'batch_size', 'max_eval_samples', 'max_answer_length', 'postprocess', 'n_best_size'] as const),
  ...(['version_2_with_negative', 'null_score_diff_threshold', 'confidence_level', 'report'] as const),
]

/** The options that say where the model and the data are. They may differ between machines. */
const FOUND_AT = ['model', 'data', 'split', 'dataset_config', 'dataset_revision'] as const

const givenOf = (options: EvaluateModelOptions, names: readonly (keyof EvaluateModelOptions)[]) =>
  Object.fromEntries(names.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])))

/** The settings that the result depends on. */
export function shardSettings(
  options: EvaluateModelOptions,
  { loaded, asked }: PreparedEvaluation,
): ShardManifest['settings'] {
  const { bf16 = false, fp16, dtype } = options.choice ?? {}
  return {
    ...givenOf(options, EVALUATED_WITH),
    ...{ max_seq_length: asked.max_seq_length, doc_stride: asked.doc_stride },
    ...{
      engine: loaded.engineName,
      device: loaded.device,
      bf16,
      ...(fp16 && { fp16 }),
      ...(dtype !== undefined && { dtype }),
    },
    lanes: loaded.model.lanes ?? 1,
  }
}

const placesOf = (options: EvaluateModelOptions) => ({
  ...givenOf(options, FOUND_AT),
  ...(options.hub?.revision !== undefined && { revision: options.hub.revision }),
})

/** Digests of the model and the data. */
export async function shardDigests({ loaded, data }: PreparedEvaluation): Promise<ShardManifest['digests']> {
  return {
    questions: digestQuestions(data.examples),
    windows: digestWindows(data.windows),
    tokenizer: digestTokenizer(loaded.tokenizer),
    config: digestConfig(loaded.model.config),
    weights: await loaded.model.digest(),
  }
}
