import { join } from 'node:path'
import { type Evaluation, evaluate } from '../inference/evaluate.ts'
import type { BertForQuestionAnswering } from '../models/question-answering.ts'
import type { Dataset } from '../squad/dataset.ts'
import type { BertTokenizer } from '../text/tokenizer.ts'
import type { TrainingArguments } from './arguments.ts'
import { epochGroups, epochOrder } from './batches.ts'
import { checkpointName, rotateCheckpoints, writeCheckpoint } from './checkpoint-store.ts'
import type { TrainingEvent, TrainMetrics } from './events.ts'
import { planRun } from './plan.ts'
import { Recorder } from './recorder.ts'
import { checkpointWriters, restoreRun, restoreWeights } from './run-checkpoint.ts'
import { newTrainerState } from './state.ts'
import { Stepper } from './stepper.ts'

export interface TrainingRun {
  readonly model: BertForQuestionAnswering
  readonly args: TrainingArguments
  readonly train: Dataset
  readonly validation?: Dataset
  /** Saved with every checkpoint, so that each is a whole model folder. */
  readonly tokenizer?: BertTokenizer
  /** A whole checkpoint of this very run, to go on from. */
  readonly resume_from?: string
  /** The order of the windows in an epoch, from 0; random unless given. */
  readonly order?: (epoch: number) => readonly number[]
  /** Asked after each step and each epoch whether the run ends here for good, as early stopping ends it. */
  readonly shouldStop?: () => boolean
  /** Asks the run to finish its step, save, and end, to be resumed. */
  readonly signal?: AbortSignal
  /** Told how many validation windows are done, during evaluations. */
  readonly onEvaluating?: (done: number) => void
  /** With freeze_layers: told how many training windows the frozen layers have done, before the first step. */
  readonly onFreezing?: (done: number) => void
}

/**
 * Fine-tunes the model, as transformers' Trainer does; what it does differently is in docs/training.md. Everything that
 * happens comes out as an event; whoever listens may stop by leaving the loop. At the end the model holds the last
 * weights, or the best ones with load_best_model_at_end.
 */
export async function* train(run: TrainingRun): AsyncGenerator<TrainingEvent, void, void> {
  const { model, args, signal } = run
  const windows = run.train.windows
  const lengths = windows.map(({ input_ids }) => input_ids.length)
  const plan = planRun(windows.length, args)
  const stepper = await Stepper.create(model, args, plan.max_steps)
  const recorder = new Recorder(newTrainerState(args, plan.max_steps, plan.epochs), args)
  if (run.resume_from) {
    const { state, progress } = await restoreRun(run.resume_from, model, stepper.moments)
    recorder.state = state
    recorder.progress = progress
    stepper.taken = progress.steps_taken
  }
  const { state, progress } = recorder
  const flos_per_token = 6 * (model.num_parameters() - embeddingSize(model))
  const began = performance.now()
  const runtime = () => progress.train_runtime + (performance.now() - began) / 1000

  async function* evaluateNow(): AsyncGenerator<TrainingEvent> {
    const evaluation: Evaluation = await evaluate(model, run.validation!, {
      ...args,
      batch_size: args.per_device_eval_batch_size,
      onProgress: run.onEvaluating,
    })
    const { entry, is_best } = recorder.evaluation(evaluation.metrics)
    yield { type: 'evaluate', entry, evaluation, is_best }
    if (is_best && args.save_strategy === 'best') yield* saveNow()
  }

  async function* saveNow(): AsyncGenerator<TrainingEvent> {
    recorder.saved()
    const saved = { ...progress, train_runtime: runtime() }
    const contents = { model, tokenizer: run.tokenizer, moments: stepper.moments, state, progress: saved, args }
    const folder = await writeCheckpoint(args.output_dir, state.global_step, checkpointWriters(contents))
    const { save_total_limit } = args
    const best = state.best_model_checkpoint ? state.best_global_step : null
    const removed = await rotateCheckpoints(args.output_dir, { save_total_limit, newest: state.global_step, best })
    yield { type: 'save', folder, removed }
  }

  /** Log, evaluate, save: in this order, where one is due. */
  async function* whatIsDue(due: { log: boolean; evaluate: boolean; save: boolean }): AsyncGenerator<TrainingEvent> {
    const entry = due.log ? recorder.log() : undefined
    if (entry) yield { type: 'log', entry }
    if (due.evaluate) yield* evaluateNow()
    if (due.save) yield* saveNow()
  }

  const every = (strategy: string, interval: number) => strategy === 'steps' && state.global_step % interval === 0
  const dueAfterStep = () => ({
    log: every(args.logging_strategy, state.logging_steps) || (args.logging_first_step && state.global_step === 1),
    evaluate: every(args.eval_strategy, state.eval_steps) && state.global_step >= args.eval_delay,
    save: every(args.save_strategy, state.save_steps) || (args.save_strategy === 'steps' && finished()),
  })
  const dueAfterEpoch = () => ({
    log: args.logging_strategy === 'epoch',
    evaluate: args.eval_strategy === 'epoch' && state.epoch! >= args.eval_delay && !evaluated(),
    save: args.save_strategy === 'epoch',
  })
  const finished = () => state.global_step >= plan.max_steps
  const stopsEarly = () => recorder.outOfPatience || run.shouldStop?.() === true
  const evaluated = () => progress.last_evaluated_step === state.global_step

  try {
    yield { type: 'start', plan, global_step: state.global_step, state }
    await stepper.freeze(windows, run.onFreezing)
    if (args.eval_on_start && !run.resume_from) yield* evaluateNow()

    // A checkpoint written on the last step of an epoch may lack what follows the epoch.
    const atEnd = finished() || state.global_step % plan.steps_per_epoch === 0
    if (run.resume_from && atEnd && !evaluated()) yield* whatIsDue(dueAfterEpoch())

    while (!finished() && !stopsEarly()) {
      const epoch = Math.floor(state.global_step / plan.steps_per_epoch)
      const groups = epochGroups(run.order?.(epoch) ?? epochOrder(lengths, args, epoch), args)
      const batches = groups.flat().length
      for (let i = state.global_step % plan.steps_per_epoch; i < groups.length; i++) {
        const result = await stepper.step(state.global_step, groups[i]!, windows)
        const position = epoch + Math.min((i + 1) * args.gradient_accumulation_steps, batches) / batches
        recorder.step(result, position, flos_per_token * result.tokens)
        yield { type: 'step', global_step: state.global_step, epoch: position, ...result }
        yield* whatIsDue(dueAfterStep())
        if (finished() || stopsEarly()) break
        if (signal?.aborted) {
          yield* saveNow()
          const folder = join(args.output_dir, checkpointName(state.global_step))
          yield { type: 'interrupted', global_step: state.global_step, folder }
          return
        }
      }
      yield* whatIsDue(dueAfterEpoch())
    }

    if (stopsEarly() && !finished()) yield { type: 'stopped early', global_step: state.global_step }
    if (args.load_best_model_at_end && state.best_model_checkpoint) {
      const folder = join(args.output_dir, state.best_model_checkpoint)
      await restoreWeights(folder, model)
      yield { type: 'best loaded', folder, metric: state.best_metric! }
    }
    const seconds = runtime()
    const train_skipped_steps = state.global_step - progress.steps_taken
    const metrics: TrainMetrics = {
      train_runtime: seconds,
      train_samples_per_second: plan.samples / seconds,
      train_steps_per_second: plan.max_steps / seconds,
      total_flos: state.total_flos,
      train_loss: progress.loss_total / Math.max(1, progress.steps_taken),
      epoch: state.epoch!,
      ...(train_skipped_steps > 0 && { train_skipped_steps }),
    }
    yield { type: 'log', entry: recorder.entry({ ...metrics }) }
    yield { type: 'end', metrics }
  } finally {
    await stepper.release()
  }
}

/** Looking a row up costs nothing: transformers leaves the tables out of its count of operations. */
const embeddingSize = ({ parameters }: BertForQuestionAnswering): number =>
  parameters.entries.filter(({ name }) => /_embeddings\.weight$/.test(name)).reduce((n, { size }) => n + size, 0)
