import { z } from 'zod'
import { SpanforgeError } from '../../errors.ts'
import type { HubOptions } from '../../hub/http/options.ts'
import { evaluateLogits } from '../../inference/evaluate.ts'
import { collectPasses } from '../../inference/logits.ts'
import { type PassResult, passOf } from '../../inference/pass-lines.ts'
import { showList } from '../../show-value.ts'
import type { LabeledWindow } from '../../squad/types.ts'
import type { Screen } from '../screen/screen.ts'
import { parsedLines } from '../shards/block-journal.ts'
import { checkShards, type FoundShard, modified, partOf } from '../shards/shard-manifest.ts'
import {
  checkPlaces,
  completeEvaluation,
  type EvaluateModelOptions,
  type ModelEvaluation,
  prepareEvaluation,
  readEvaluationData,
} from './evaluate-model.ts'
import { shardDigests } from './evaluate-shard.ts'
import { evaluationOutputs } from './evaluation-files.ts'

const SETTINGS = z.object({
  max_eval_samples: z.int().positive().optional(),
  padding: z.enum(['none', 'longest', 'max_length']).optional(),
  batch_size: z.int().positive().optional(),
  max_seq_length: z.int().positive(),
  doc_stride: z.int().nonnegative(),
  max_answer_length: z.int().positive().optional(),
  postprocess: z.enum(['exact', 'run_qa']).optional(),
  n_best_size: z.int().positive().optional(),
  version_2_with_negative: z.boolean().optional(),
  null_score_diff_threshold: z.number().optional(),
  confidence_level: z.number().optional(),
  report: z.string().optional(),
  dtype: z.string().optional(),
})

const FACTS = z.object({
  runtime: z.number().nonnegative(),
  places: z.object({
    model: z.string(),
    data: z.string(),
    split: z.string().optional(),
    dataset_config: z.string().optional(),
    dataset_revision: z.string().optional(),
    revision: z.string().optional(),
  }),
})

export interface MergeEvaluationOptions {
  /** The model and the data, if they are not where the first shard found them. */
  readonly model?: string
  readonly data?: string
  readonly overwrite?: boolean
  readonly screen: Screen
  readonly hub?: HubOptions
}

/**
 * Evaluates the logits of all shards. The results and files are those of a single process, except that `runtime` is the
 * sum over the shards.
 * @throws SpanforgeError if the model or the data is not that of the shards
 */
export async function mergeEvaluation(
  output_dir: string,
  found: readonly FoundShard[],
  { screen, overwrite, hub, ...places }: MergeEvaluationOptions,
): Promise<ModelEvaluation> {
  const shards = await checkShards(found)
  const [first] = shards
  const { dtype, ...settings } = partOf(first, 'settings', SETTINGS)
  const facts = shards.map((shard) => partOf(shard, 'facts', FACTS))
  const { revision, ...at } = facts[0].places
  const options: EvaluateModelOptions = {
    ...settings,
    ...at,
    ...Object.fromEntries(Object.entries(places).filter(([, value]) => value !== undefined)),
    ...{ output_dir, screen, overwrite },
    choice: { dtype },
    hub: { ...hub, revision },
  }
  checkPlaces(evaluationOutputs(options), [options])
  const prepared = await prepareEvaluation(await readEvaluationData(options), options)
  try {
    await rejectOthers(first, prepared, options)
    const { windows } = prepared.data
    const logits = collectPasses(await readPasses(shards, windows), windows.length)
    const runtime = facts.reduce((sum, one) => sum + one.runtime, 0)
    const evaluation = evaluateLogits(prepared.data, logits, () => runtime, prepared.asked)
    return (await completeEvaluation(evaluation, prepared)).evaluation
  } finally {
    await prepared.loaded.model.release()
  }
}

async function rejectOthers(
  { digests, lines }: FoundShard,
  prepared: Parameters<typeof shardDigests>[0],
  { model, data }: EvaluateModelOptions,
): Promise<void> {
  const now = await shardDigests(prepared)
  const others = Object.keys(now).filter((name) => now[name] !== digests[name])
  if (others.length === 0) return
  throw new SpanforgeError(`${lines} was computed with other ${showList(others)} than those of ${model} and ${data}`, {
    remedy: 'Restore what has changed, or name the model and the data with --model and --data.',
  })
}

/** Reads the results of all passes in order, and checks that they cover each window once. */
async function readPasses(
  shards: readonly FoundShard[],
  windows: readonly LabeledWindow[],
): Promise<readonly PassResult[]> {
  const passes: PassResult[] = []
  const seen = new Set<number>()
  for (const { lines } of shards)
    for await (const line of parsedLines(lines)) {
      const pass = readPass(line, lines)
      for (const [i, window] of pass.windows.entries()) {
        const length = windows[window]?.input_ids.length
        const { start_logits, end_logits } = pass.logits[i] ?? {}
        const fits = [start_logits, end_logits].every((logits) => logits && logits.length >= length)
        if (length === undefined || seen.has(window) || !fits)
          throw modified(`${lines}: pass ${pass.number} has invalid logits of window ${window}`)
        seen.add(window)
      }
      passes.push(pass)
    }
  if (passes.length !== shards[0].units || seen.size !== windows.length)
    throw modified(`the shards have ${seen.size} of ${windows.length} windows`)
  return passes.sort((a, b) => a.number - b.number)
}

function readPass(line: unknown, lines: string): PassResult {
  try {
    return passOf(line)
  } catch (cause) {
    throw modified(`${lines}: a line does not contain the result of a pass`, cause)
  }
}
