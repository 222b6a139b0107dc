import { UsageError } from '../../errors.ts'
import type { Geometry } from '../../models/architecture.ts'
import type { Engine, Precision } from '../../runtime/engine.ts'
import { showValue } from '../../show-value.ts'
import { multiplierOf, schedulerOptions, warmupSteps } from '../optimizer/schedule.ts'
import { intervalSteps, type TrainingArguments } from './arguments.ts'
import type { DecidedArguments } from './stored-settings.ts'

/** Properties of a run that are known before the first step and against which arguments are checked. */
export interface RunFacts {
  readonly engine: Pick<Engine, 'device' | 'precisions' | 'lacks'>
  readonly validationExamples: number
  readonly max_positions: number
  readonly layers: number
  /** Total number of optimizer steps. */
  readonly max_steps: number
  /** The model to learn from, if there is one. */
  readonly teacher?: Pick<Geometry, 'max_positions'>
}

/**
 * Rejects conflicting arguments and arguments that would have no effect, before the first step.
 * @throws UsageError that lists all problems with remedies
 */
export function checkArguments(args: DecidedArguments, run: RunFacts): void {
  reject([
    ...exclusiveFaults(args, run.teacher !== undefined),
    ...evaluationFaults(args, run),
    ...bestModelFaults(args, run),
    ...optimizerFaults(args, run),
    ...sizeFaults(args, run),
    ...precisionFaults(args, run),
    ...scheduleFaults(args, run),
  ])
}

/**
 * Rejects arguments that exclude or require each other. This check needs only the arguments, so it runs before reading
 * data and choosing an engine, whose errors would mention only one of the arguments.
 * @throws UsageError that lists all such pairs
 */
export const rejectExclusive = (args: TrainingArguments): void =>
  reject([...exclusiveFaults(args, args.teacher !== null)])

function reject(faults: readonly string[]): void {
  if (faults.length > 0) throw new UsageError(`arguments: ${faults.join('\narguments: ')}`)
}

function* exclusiveFaults(args: TrainingArguments, hasTeacher: boolean): Generator<string> {
  const { fp16, bf16, bf16_full_eval, warmup_steps, warmup_ratio } = args
  if (fp16 && (bf16 || bf16_full_eval)) yield `fp16 and ${bf16 ? 'bf16' : 'bf16_full_eval'} are mutually exclusive`
  if (warmup_steps > 0 && warmup_ratio > 0) yield 'warmup_steps and warmup_ratio are mutually exclusive'
  if (args.max_minutes !== null && args.max_steps > 0) yield 'max_minutes and max_steps are mutually exclusive'
  if (args.overwrite_output_dir && args.resume_from_checkpoint !== null)
    yield 'overwrite_output_dir and resume_from_checkpoint are mutually exclusive: the checkpoint would be deleted'
  if (hasTeacher && args.padding !== 'none') yield `teacher requires padding none, found ${args.padding}`
  for (const name of ['teacher_weight', 'teacher_temperature'] as const)
    if (!hasTeacher && args[name] !== null)
      yield `${name} requires teacher: set it to the folder of a trained model, or remove ${name}`
}

function* evaluationFaults(args: TrainingArguments, run: RunFacts): Generator<string> {
  const evaluates = args.eval_strategy !== 'no'
  if ((evaluates || args.eval_on_start) && run.validationExamples === 0)
    yield `${evaluates ? `eval_strategy ${args.eval_strategy}` : 'eval_on_start'} requires validation data: ` +
      'set validation_file'
  if (args.null_score_diff_threshold !== 0 && !args.version_2_with_negative)
    yield 'null_score_diff_threshold requires version_2_with_negative'
  if (args.early_stopping_threshold > 0 && args.early_stopping_patience === null)
    yield 'early_stopping_threshold requires early_stopping_patience'
}

/** Options that depend on an evaluation metric need an evaluation. The first rules are those of transformers. */
function* bestModelFaults(args: TrainingArguments, run: RunFacts): Generator<string> {
  const { eval_strategy, save_strategy, load_best_model_at_end, metric_for_best_model } = args
  const waits = [
    load_best_model_at_end && 'load_best_model_at_end',
    save_strategy === 'best' && 'save_strategy best',
    args.early_stopping_patience !== null && 'early_stopping_patience',
  ].find((reason) => reason !== false)
  if (waits && eval_strategy === 'no')
    yield `${waits} requires ${metric_for_best_model}, which is never computed with eval_strategy no: use epoch or steps`
  else if (waits && !everEvaluates(args, run))
    yield `${waits} requires ${metric_for_best_model}, but the first evaluation would come after the last step ` +
      `(${run.max_steps}): lower eval_steps or eval_delay`
  if (load_best_model_at_end && save_strategy !== 'best') {
    if (eval_strategy !== 'no' && eval_strategy !== save_strategy)
      yield `load_best_model_at_end requires the same eval_strategy and save_strategy, but found ` +
        `${eval_strategy} and ${save_strategy}`
    else if (eval_strategy === 'steps' && !isMultiple(args.save_steps, args.eval_steps))
      yield `load_best_model_at_end requires save_steps (${args.save_steps}) to be a multiple of eval_steps ` +
        `(${args.eval_steps})`
  }
  if (args.greater_is_better === (metric_for_best_model === 'loss'))
    yield `greater_is_better ${args.greater_is_better} would select the worst ${metric_for_best_model}: remove it`
}

function everEvaluates(
  { eval_strategy, eval_steps, eval_delay, num_train_epochs, max_steps }: TrainingArguments,
  run: RunFacts,
): boolean {
  if (eval_strategy === 'epoch') return max_steps > 0 || eval_delay <= Math.ceil(num_train_epochs)
  const interval = intervalSteps(eval_steps, run.max_steps)
  return Math.max(1, Math.ceil(eval_delay / interval)) * interval <= run.max_steps
}

/**
 * Fractions of all steps can be compared with each other, and so can step counts, but not a fraction with a step count.
 */
function isMultiple(value: number, of: number): boolean {
  if (value < 1 !== of < 1) return false
  const ratio = value / of
  return Math.abs(ratio - Math.round(ratio)) < 1e-9 && ratio > 0.5
}

function* scheduleFaults(args: TrainingArguments, run: RunFacts): Generator<string> {
  const { lr_scheduler_type, lr_scheduler_kwargs, learning_rate } = args
  const warmup = warmupSteps(args, run.max_steps)
  if (warmup > 0 && lr_scheduler_type === 'constant')
    yield 'lr_scheduler_type constant has no warm-up: use constant_with_warmup'
  else if (warmup > run.max_steps)
    yield `warmup_steps ${warmup} exceeds the ${run.max_steps} steps of the run, so learning_rate would never be reached`
  const takes = schedulerOptions[lr_scheduler_type]
  for (const name of Object.keys(lr_scheduler_kwargs ?? {}))
    if (!takes.some((option) => option === name))
      yield `lr_scheduler_kwargs: unknown option ${name} for ${lr_scheduler_type}; available options: ${takes.join(' and ') || 'none'}`
  const end = lr_scheduler_kwargs?.lr_end ?? 1e-7
  if (lr_scheduler_type === 'polynomial' && end >= learning_rate)
    yield `lr_scheduler_kwargs: lr_end ${end} must be less than learning_rate ${learning_rate} for polynomial`
  const multiplier = multiplierOf(args, run.max_steps)
  if (!Number.isFinite(multiplier(run.max_steps - 1) * learning_rate))
    yield `lr_scheduler_kwargs: ${showValue(lr_scheduler_kwargs)} results in a learning rate that is not finite at the last step`
  const cycles = lr_scheduler_kwargs?.num_cycles ?? 1
  if (lr_scheduler_type === 'cosine_with_restarts' && !Number.isInteger(cycles))
    yield `lr_scheduler_kwargs: num_cycles of cosine_with_restarts must be an integer, found ${cycles}`
}

/** Rejects values that would make the weights grow with each step or overflow float32 in the first step. */
function* optimizerFaults(args: TrainingArguments, { layers }: RunFacts): Generator<string> {
  const { learning_rate, weight_decay, adam_beta1, layer_lr_decay } = args
  const shrink = learning_rate * weight_decay
  if (shrink > 1)
    yield `weight_decay ${weight_decay} times learning_rate ${learning_rate} is ${shrink}: each step would multiply ` +
      `the weights by 1 - ${shrink}; lower weight_decay (0.01 is usual)`
  if (!Number.isFinite(Math.fround(learning_rate / (1 - adam_beta1))))
    yield `learning_rate ${learning_rate} causes steps that overflow float32: lower it (5e-5 is usual)`
  const lowest = Number((learning_rate * layer_lr_decay ** (layers + 1)).toPrecision(3))
  if (Math.fround(lowest) === 0)
    yield `layer_lr_decay ${layer_lr_decay} over ${layers} layers gives the embeddings a learning rate of ${lowest}, which ` +
      'float32 rounds to 0: raise it (0.8 to 0.95 is usual), or freeze layers with freeze_layers'
}

function* sizeFaults(args: DecidedArguments, run: RunFacts): Generator<string> {
  const { max_seq_length, doc_stride, max_tokens_per_pass, freeze_layers } = args
  if (max_seq_length > run.max_positions)
    yield `max_seq_length ${max_seq_length} exceeds the model's ${run.max_positions} positions`
  if (run.teacher && max_seq_length > run.teacher.max_positions)
    yield `max_seq_length ${max_seq_length} exceeds the teacher's ${run.teacher.max_positions} positions: lower it, or ` +
      'choose another teacher'
  if (doc_stride >= max_seq_length)
    yield `doc_stride ${doc_stride}, the overlap of windows, must be less than max_seq_length ${max_seq_length}`
  if (max_tokens_per_pass < max_seq_length)
    yield `max_tokens_per_pass ${max_tokens_per_pass} must be at least max_seq_length ${max_seq_length}`
  if (freeze_layers > 0 && args.padding !== 'none') yield `freeze_layers requires padding none, found ${args.padding}`
  if (freeze_layers > run.layers) yield `freeze_layers ${freeze_layers} exceeds the model's ${run.layers} layers`
}

function* precisionFaults({ fp16, bf16, bf16_full_eval }: TrainingArguments, { engine }: RunFacts): Generator<string> {
  const { device, precisions, lacks } = engine
  const hasBf16 = precisions.includes('bfloat16')
  const why = (precision: Precision) => (lacks?.[precision] ? ` (${lacks[precision]})` : '')
  const inFloat32 = 'remove it to train in float32'
  if (bf16_full_eval && !bf16 && !hasBf16)
    yield `bf16_full_eval: ${device} does not support bfloat16${why('bfloat16')}: remove it`
  if (fp16 && !bf16 && !precisions.includes('float16'))
    yield `fp16: ${device} does not support training in float16${why('float16')}: ${hasBf16 ? 'use bf16' : inFloat32}`
  else if (bf16 && !hasBf16) yield `bf16: ${device} does not support bfloat16${why('bfloat16')}: ${inFloat32}`
}
