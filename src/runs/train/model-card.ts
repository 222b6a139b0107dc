import { existsSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { formatOfName } from '../../data/format.ts'
import type { knownRepository } from '../../hub/download/snapshot.ts'
import type { CardData, CardMetric, ModelCardSummary } from '../../hub/push/model-card.ts'
import { packageVersion } from '../../package-root.ts'
import { evaluations } from '../../report/summary/history.ts'
import type { RunSummary, SplitFacts } from '../../report/summary/run.ts'
import type { Interval } from '../../squad/metrics/bootstrap.ts'
import { parseArguments } from '../../training/arguments/arguments.ts'
import { adaptationOf } from './adaptation-record.ts'
import type { PreparedRun } from './prepare.ts'

/** Collects the contents of the model card of a finished run. */
export async function cardSummary(run: PreparedRun, summary: RunSummary): Promise<ModelCardSummary> {
  const { args, loaded, hub } = run
  const isNamed = isName(args.model!)
  const base = isNamed
    ? await known('model', args.model!, { ...hub, revision: args.revision ?? hub.revision })
    : undefined
  const { license, license_name, license_link, language } = base?.card ?? {}
  return {
    name: basename(resolve(args.output_dir)),
    model_type: loaded.model.config.model_type,
    base_model: { name: loaded.name, on_hub: isNamed },
    license: [license].flat()[0],
    license_name,
    license_link,
    language,
    train: await dataOf(run, args.dataset ?? args.train_file!, args.train_split, summary.data.train),
    validation:
      summary.data.validation &&
      (await dataOf(run, args.validation_file ?? args.dataset!, args.validation_split, summary.data.validation)),
    adaptation: await adaptationOf(args),
    arguments: shownArguments(summary.arguments),
    results: scores(summary),
    curve: 'learning_curve.png',
    has_onnx: existsSync(join(args.output_dir, 'onnx/model.onnx')),
    max_seq_length: args.max_seq_length,
    doc_stride: args.doc_stride,
    version: packageVersion(),
    ...epochs(summary),
  }
}

/** Looks up a repository on the hub. The module is imported only when needed, like all modules that access the hub. */
const known = async (...asked: Parameters<typeof knownRepository>) =>
  (await import('../../hub/download/snapshot.ts')).knownRepository(...asked)

/** Whether a name refers to the hub: it is neither an existing path nor named like a file. */
const isName = (source: string): boolean => !existsSync(source) && !formatOfName(source)

async function dataOf(
  { args, hub }: PreparedRun,
  source: string,
  split: string,
  { questions, windows }: SplitFacts,
): Promise<CardData> {
  if (!isName(source)) return { name: basename(source), questions, windows }
  const dataset = await known('dataset', source, { ...hub, revision: args.dataset_revision ?? undefined })
  return {
    name: source,
    hub_name: source,
    config: args.dataset_config ?? undefined,
    split,
    revision: dataset?.commit,
    license: [dataset?.card.license ?? []].flat().join(', ') || undefined,
    questions,
    windows,
  }
}

/** Arguments that a model card never shows: they describe the machine, not the model. */
const PRIVATE = `output_dir overwrite_output_dir resume_from_checkpoint save_total_limit report_to logging_dir run_name
  dataloader_num_workers`.split(/\s+/)

/** Arguments that a model card always shows, even at their defaults. */
const ALWAYS = `learning_rate num_train_epochs per_device_train_batch_size gradient_accumulation_steps weight_decay
  warmup_ratio lr_scheduler_type max_grad_norm max_seq_length doc_stride seed`.split(/\s+/)

function shownArguments(all: RunSummary['arguments']): ModelCardSummary['arguments'] {
  const defaults = Object.entries(parseArguments({}, 'defaults'))
  const isDefault = (name: string, value: unknown) => defaults.some(([key, other]) => key === name && other === value)
  const shown = Object.entries(all).filter(
    ([name, value]) => !PRIVATE.includes(name) && (ALWAYS.includes(name) || !isDefault(name, value)),
  )
  // Only the last part of a path is shown, because the others often contain user names.
  const isPlace = (name: string) => ['model', 'teacher', 'dataset', 'train_file', 'validation_file'].includes(name)
  return Object.fromEntries(
    shown.map(([name, value]) => [
      name,
      isPlace(name) && typeof value === 'string' && !isName(value) ? basename(resolve(value)) : value,
    ]),
  )
}

function scores({ eval_metrics, eval_intervals }: RunSummary): ModelCardSummary['results'] {
  if (eval_metrics?.eval_exact_match === undefined || eval_metrics.eval_f1 === undefined) return undefined
  const metric = (value: number, [low, high]: Partial<Interval> = []): CardMetric => ({ value, low, high })
  return {
    eval_loss: eval_metrics.eval_loss,
    exact_match: metric(eval_metrics.eval_exact_match, eval_intervals?.exact_match),
    f1: metric(eval_metrics.eval_f1, eval_intervals?.f1),
  }
}

/** The evaluations of a run, and the epoch of the one whose weights were kept as the best. */
function epochs({ log_history, score_intervals, best }: RunSummary): Pick<ModelCardSummary, 'epochs' | 'best_epoch'> {
  const points = evaluations(log_history, score_intervals)
  const kept = best?.loaded ? points.find(({ step }) => step === best.step) : undefined
  return { epochs: points, best_epoch: kept?.epoch }
}
