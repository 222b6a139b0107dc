import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { readExamples } from '../../src/data/read-examples.ts'
import { writeExamples } from '../../src/data/write-examples.ts'
import { writeFileAtomic } from '../../src/files/atomic.ts'
import type { AnswerScore } from '../../src/inference/evaluate.ts'
import { prepareAdaptation } from '../../src/runs/adapt/adapt.ts'
import { type EvaluatedModel, evaluateOn } from '../../src/runs/evaluate/evaluate-model.ts'
import { hasBfloat16, inspectMachine } from '../../src/runs/machine.ts'
import type { Listener } from '../../src/runs/screen/progress-listener.ts'
import { noScreen } from '../../src/runs/screen/screen.ts'
import { fineTune } from '../../src/runs/train/fine-tune.ts'
import type { Interval } from '../../src/squad/metrics/bootstrap.ts'
import { parseArguments, type TrainingArgumentsInput } from '../../src/training/arguments/arguments.ts'
import { readTrainerState, STATE_FILE } from '../../src/training/checkpoints/state.ts'
import { type DataManifest, devFile, prepareRecipeData, SOURCE_NAMES, trainFile } from './data.ts'
import { adaptationWindows, type Recipe, recipeArguments } from './list.ts'
import { withCopies } from './splits.ts'

export interface RunOptions {
  /** The name of the recipe. */
  readonly name: string
  readonly recipe: Recipe
  readonly seed: number
  /** Length of the run for a recipe with the cost of the baseline. */
  readonly windows: number
  /** Pretrained model. */
  readonly model: string
  /** Folder of the data files. */
  readonly data: string
  /** Folder for prepared data, checkpoints and trained models. */
  readonly work: string
  /** Folder for results. */
  readonly out: string
  readonly signal?: AbortSignal
  /** The run that trains the teacher of the recipe. It comes first unless it is finished. */
  readonly teacher?: RunOptions
}

/** An evaluation during the run. */
interface CurvePoint {
  readonly windows: number
  /** Measured time of all steps until then, excluding evaluations. */
  readonly minutes: number
  readonly loss: number
  readonly exact_match: number
  readonly f1: number
}

/** bfloat16 where the processor computes in it, otherwise float32. Every run of a comparison needs the same. */
export const PRECISION = hasBfloat16(inspectMachine()) ? 'bfloat16' : 'float32'

const COMPUTING = { engine: 'onednn', bf16: PRECISION === 'bfloat16' } as const

/** The result of a run. Scores are in percent. */
export interface RecipeResult {
  readonly recipe: string
  readonly about: string
  /** Length of the run for a recipe with the cost of the baseline. */
  readonly windows: number
  readonly seed: number
  readonly cpu: string
  readonly precision: typeof PRECISION
  readonly model: string
  readonly arguments: TrainingArgumentsInput
  readonly copies?: Recipe['copies']
  readonly data: DataManifest['files']
  readonly curve: readonly CurvePoint[]
  /** Evaluation of the final weights on dev.json. */
  readonly final: {
    readonly loss: number
    readonly exact_match: number
    readonly f1: number
    readonly exact_match_interval: Interval
    readonly f1_interval: Interval
    readonly by_source: Readonly<Record<string, { readonly exact_match: number; readonly f1: number }>>
  }
  /** Scores of the final weights for each question of dev.json, in order: 1 or 0 each, and F1 in thousandths. */
  readonly questions: { readonly exact_match: string; readonly f1: readonly number[] }
}

/** The file with the result of a run. */
export const resultFile = (run: RunOptions): string => join(run.out, `${runName(run)}.json`)

const trainedFolder = (run: RunOptions): string => join(run.work, runName(run))

const runName = ({ name, windows, seed }: RunOptions): string => `${name}-${windows}-windows-${PRECISION}-seed-${seed}`

/**
 * Trains a recipe, or resumes it from its last checkpoint, evaluates it on dev.json and writes its result.
 * Returns undefined if it was interrupted.
 */
export async function runRecipe(options: RunOptions): Promise<RecipeResult | undefined> {
  const { name, recipe, windows, seed, work, signal, teacher } = options
  const manifest = await prepareRecipeData(options.data, join(work, 'data'))
  const output_dir = trainedFolder(options)
  if (teacher && !existsSync(resultFile(teacher)) && !(await runRecipe(teacher))) return undefined
  const model = await adaptedModel(options)
  if (!model) return undefined
  const given: TrainingArgumentsInput = {
    ...recipeArguments(recipe, windows),
    model,
    ...(teacher && { teacher: trainedFolder(teacher) }),
    train_file: await mixedFile(work, recipe),
    validation_file: devFile(join(work, 'data')),
    seed,
    output_dir,
    resume_from_checkpoint: 'latest',
    save_total_limit: 1,
    ...COMPUTING,
  }
  const clock = new RunClock(`${output_dir}-times.json`)
  const args = parseArguments(given, name)
  const outcome = await fineTune(args, { control: { signal }, listeners: [clock.listener, printProgress] })
  if (outcome.status === 'interrupted') return undefined
  const { train_file, validation_file, output_dir: _, resume_from_checkpoint: __, ...used } = given
  const result: RecipeResult = {
    recipe: name,
    about: recipe.about,
    windows,
    seed,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    precision: PRECISION,
    model: basename(options.model),
    arguments: { ...used, model: basename(options.model), ...(used.teacher && { teacher: basename(used.teacher) }) },
    copies: recipe.copies,
    data: manifest.files,
    curve: await clock.curve(join(output_dir, STATE_FILE)),
    ...scored(await evaluateDev(output_dir, args.validation_file!), manifest.dev),
  }
  mkdirSync(dirname(resultFile(options)), { recursive: true })
  writeFileSync(resultFile(options), `${JSON.stringify(result)}\n`)
  return result
}

/** The folder of the model to train: with `adapt`, after span selection. Undefined if that was interrupted. */
async function adaptedModel(options: RunOptions): Promise<string | undefined> {
  const { recipe, windows, seed, model, work, signal } = options
  if (!recipe.adapt) return model
  const output_dir = `${trainedFolder(options)}-adapted`
  if (existsSync(join(output_dir, 'all_results.json'))) return output_dir
  const batch = 16
  const max_steps = Math.round(adaptationWindows(recipe, windows) / batch)
  const args = await prepareAdaptation(
    SOURCE_NAMES.map((source) => trainFile(join(work, 'data'), source)),
    {
      ...{ model, output_dir, seed, per_device_train_batch_size: batch, max_steps },
      ...{ ...COMPUTING, save_steps: 200, save_total_limit: 1, resume_from_checkpoint: 'latest' },
    },
    { style: 'mixed', max_examples: 20_000, held_out: 0.05, signal },
  )
  const { status } = await fineTune(args, { control: { signal }, listeners: [printProgress] })
  return status === 'finished' ? output_dir : undefined
}

/** Writes the training data with the recipe's number of copies of each source. */
async function mixedFile(work: string, { copies = {} }: Recipe): Promise<string> {
  const counts = SOURCE_NAMES.map((source) => copies[source] ?? 1)
  const path = join(work, 'data', `train-${counts.join('-')}.json`)
  if (existsSync(path)) return path
  const lists = await Promise.all(SOURCE_NAMES.map((source) => readExamples(trainFile(join(work, 'data'), source))))
  const bySource = Object.fromEntries(SOURCE_NAMES.map((source, i) => [source, lists[i]]))
  await writeExamples(path, withCopies(bySource, copies))
  return path
}

async function evaluateDev(model: string, data: string): Promise<EvaluatedModel> {
  return evaluateOn(await readExamples(data), { model, data, batch_size: 16, choice: COMPUTING, screen: noScreen })
}

function scored({ evaluation, scores }: EvaluatedModel, sources: DataManifest['dev']) {
  const { eval_loss: loss, exact_match, f1 } = evaluation
  let first = 0
  const by_source = Object.entries(sources).map(([name, count]) => {
    const own = scores.slice(first, first + count)
    first += count
    return [name, { exact_match: meanOf(own, 'exact_match'), f1: meanOf(own, 'f1') }] as const
  })
  return {
    final: {
      ...{ loss, exact_match, f1 },
      exact_match_interval: evaluation.exact_match_interval,
      f1_interval: evaluation.f1_interval,
      by_source: Object.fromEntries(by_source),
    },
    questions: {
      exact_match: scores.map(({ exact_match }) => exact_match).join(''),
      f1: scores.map(({ f1 }) => Math.round(f1 * 1000)),
    },
  }
}

const meanOf = (scores: readonly AnswerScore[], metric: keyof AnswerScore): number =>
  (100 * scores.reduce((sum, score) => sum + score[metric], 0)) / scores.length

const printProgress: Listener = (event) => {
  if (event.type === 'log' || event.type === 'evaluate') console.log(JSON.stringify(event.entry))
}

interface ClockEntry {
  readonly step: number
  readonly windows: number
  readonly seconds: number
}

/** Counts the windows and the time of the steps over all sessions of a run, in a file. */
class RunClock {
  private readonly entries: ClockEntry[]
  private now: ClockEntry = { step: 0, windows: 0, seconds: 0 }
  private since = 0

  constructor(private readonly file: string) {
    this.entries = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : []
  }

  readonly listener: Listener = async (event) => {
    if (event.type === 'start') this.now = this.at(event.global_step) ?? this.now
    if (event.type === 'step')
      this.now = {
        step: event.global_step,
        windows: this.now.windows + event.samples,
        seconds: this.now.seconds + (performance.now() - this.since) / 1000,
      }
    if (event.type === 'evaluate' || event.type === 'save') this.entries.push(this.now)
    if (event.type === 'save') await writeFileAtomic(this.file, JSON.stringify(this.entries))
    this.since = performance.now()
  }

  /** Points of the evaluations in trainer_state.json. */
  async curve(state: string): Promise<CurvePoint[]> {
    return (await readTrainerState(state)).log_history.flatMap(({ step, eval_loss, eval_exact_match, eval_f1 }) => {
      const at = this.at(step)
      if (eval_loss === undefined || !at) return []
      const minutes = Number((at.seconds / 60).toFixed(2))
      return [{ windows: at.windows, minutes, loss: eval_loss, exact_match: eval_exact_match!, f1: eval_f1! }]
    })
  }

  /** The newest entry of a step, which may have been reached in several sessions. */
  private at(step: number): ClockEntry | undefined {
    return this.entries.findLast((entry) => entry.step === step)
  }
}
