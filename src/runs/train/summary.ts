import type { BestCheckpoint, RunSetup, RunSummary, SplitFacts } from '../../report/summary/run.ts'
import { countTokens, type Dataset } from '../../squad/dataset.ts'
import { parseArguments, type TrainingArguments } from '../../training/arguments/arguments.ts'
import { decideArguments } from '../../training/arguments/stored-settings.ts'
import type { TrainerState } from '../../training/checkpoints/state.ts'
import { modelFacts } from './model-facts.ts'
import type { PreparedRun } from './prepare.ts'
import type { Results } from './results.ts'

/** The facts about a run for the opening report. */
export function runSetup({ args, loaded, train, validation, plan }: PreparedRun): RunSetup {
  const { model, report, name } = loaded
  return {
    model: modelFacts(name, model.config, model.specs, report),
    data: { train: splitFacts(train), ...(validation && { validation: splitFacts(validation) }) },
    device: model.engine.device,
    ...(model.engine.gpu && { gpu: model.engine.gpu }),
    total_steps: plan.max_steps,
    arguments: shownArguments(args),
  }
}

/** The facts about a finished run for the closing report. */
export function runSummary(
  run: PreparedRun,
  state: TrainerState,
  { train, evaluation }: Results,
  more: Pick<RunSummary, 'saved_files' | 'eval_intervals' | 'score_intervals' | 'examples' | 'origin'>,
): RunSummary {
  return {
    ...runSetup(run),
    total_steps: run.args.max_minutes === null ? run.plan.max_steps : state.max_steps,
    log_history: state.log_history,
    train_metrics: train,
    eval_metrics: evaluation,
    best: bestOf(run.args, state),
    ...more,
    mean_positions: meanPositions(run),
  }
}

const splitFacts = ({ examples, windows }: Dataset): SplitFacts => ({
  questions: examples.length,
  windows: windows.length,
  tokens: countTokens(windows),
})

const shownArguments = (args: TrainingArguments): RunSetup['arguments'] =>
  Object.fromEntries(
    Object.entries(args).map(([name, value]) => {
      if (Array.isArray(value)) return [name, value.join(', ') || null]
      return [name, typeof value === 'object' && value !== null ? JSON.stringify(value) : value]
    }),
  )

/** The names of the arguments that differ from their defaults. */
export function changedArguments(args: TrainingArguments): ReadonlySet<string> {
  const defaults = Object.entries(
    shownArguments(decideArguments(parseArguments({}, 'defaults'), { max_positions: undefined })),
  )
  const shown = shownArguments(args)
  return new Set(defaults.filter(([name, value]) => shown[name] !== value).map(([name]) => name))
}

function bestOf(args: TrainingArguments, state: TrainerState): BestCheckpoint | undefined {
  const { best_metric, best_global_step, best_model_checkpoint } = state
  if (best_metric === null || best_global_step === null) return undefined
  return {
    metric: `eval_${args.metric_for_best_model}`,
    value: best_metric,
    step: best_global_step,
    checkpoint: best_model_checkpoint ?? undefined,
    loaded: args.load_best_model_at_end && best_model_checkpoint !== null,
  }
}

/** Mean number of positions in a window; undefined with padding `longest`, where it depends on the batches. */
function meanPositions({ args, validation }: PreparedRun): number | undefined {
  if (!validation || args.padding === 'longest') return undefined
  return args.padding === 'max_length'
    ? args.max_seq_length
    : countTokens(validation.windows) / validation.windows.length
}
