import { existsSync, statSync } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { SpanforgeError, UsageError } from '../../errors.ts'
import { removeTemporaryFiles } from '../../files/atomic.ts'
import { acquireLock } from '../../files/lock.ts'
import { modelRevision } from '../../inference/digests.ts'
import type { PairedDifference } from '../../squad/metrics/bootstrap.ts'
import type { Example } from '../../squad/types.ts'
import { compareEvaluated, type ModelsEvaluation, shortNames } from '../evaluate/compare-models.ts'
import type { EvaluateModelOptions } from '../evaluate/evaluate-model.ts'
import type { EngineChoice } from '../load/choose-engine.ts'
import { type DataOptions, dataChoice, loadExamples } from '../load/load-data.ts'
import { displayName, type HubChoice, modelFolder, openModel } from '../load/load-model.ts'
import { modelSources } from '../load/model-sources.ts'
import type { Screen } from '../screen/screen.ts'
import { changedQuestions, judge, type Outcome, type PromotionRule, type WorsenedQuestion } from './judge.ts'
import {
  isServed,
  PROMOTION_FOLDER,
  type PromotedModel,
  readPromotions,
  servedFolders,
  writePromotions,
} from './promotions.ts'
import { modelsOfServer, reloadServer, type ServerAccess } from './reload-servers.ts'
import { EVALUATIONS_FOLDER, evaluateOnce } from './stored-evaluations.ts'

/** A place where a model is served. */
export interface ServedPlace {
  /** The folder that is given to `serve`, as FOLDER or NAME=FOLDER. */
  readonly old: string
  /** Running servers that must load the model before the promotion counts as done. */
  readonly servers?: readonly ServerAccess[]
  readonly screen: Screen
}

export interface PromoteOptions extends ServedPlace, PromotionRule, DataOptions {
  /** Folder of the new model. */
  readonly next: string
  readonly data: readonly string[]
  /** Maximum number of questions of each data file. */
  readonly max_eval_samples?: number
  readonly version_2_with_negative?: boolean
  readonly dry_run?: boolean
  readonly force?: boolean
  readonly hub?: HubChoice
  readonly choice?: EngineChoice
}

export interface PromotionResult extends ModelsEvaluation, PromotionRule {
  /** The folder that is given to `serve`. */
  readonly place: string
  readonly old: ModelState
  readonly new: ModelState
  readonly difference: PairedDifference
  readonly outcome: Outcome
  /** Loss in points that the test finds with these questions four times in five. */
  readonly detectable_loss: number
  readonly questions: {
    readonly worse: number
    readonly better: number
    readonly examples: readonly WorsenedQuestion[]
  }
  /** Why NEW was not promoted, or would not have been without `force`. */
  readonly refusal?: string
  readonly promoted: boolean
}

interface ModelState {
  readonly folder: string
  readonly revision: string
  /** Whether its results come from an earlier evaluation. */
  readonly reused: boolean
}

/** Number of worsened questions in the result. */
const EXAMPLES = 5

/**
 * Evaluates the served model and a new one on the same questions, and serves the new one unless the paired test finds it
 * worse. Running servers load it and switch to it without dropping a request.
 */
export async function promote(options: PromoteOptions): Promise<PromotionResult> {
  checkRule(options)
  const place = await placeOf(options.old)
  const next = await realpath(await existingFolder(options.next, 'NEW'))
  if (options.dry_run) return compare(place, next, options)
  return whileLocked(place, async () => {
    const targets = await targetsOf(options)
    const compared = await compare(place, next, options)
    if (compared.refusal !== undefined && !options.force) return compared
    const now = new Date().toISOString()
    const { models } = await readPromotions(place)
    const { folder, revision } = compared.old
    const before = models.length > 0 ? models : [{ folder, revision, promoted: now }]
    await swap(place, [...before, { folder: next, revision: compared.new.revision, promoted: now }], targets, options)
    return { ...compared, promoted: true }
  })
}

export interface PromotionState {
  readonly place: string
  /** The model that is served, undefined if none was promoted. */
  readonly served?: PromotedModel
  /** The models served before it, oldest first. */
  readonly before: readonly PromotedModel[]
}

/** The promotions of a served folder. */
export async function promotionState(old: string): Promise<PromotionState> {
  const place = await placeOf(old)
  const { models } = await readPromotions(place)
  return { place, served: models.at(-1), before: models.slice(0, -1) }
}

/** Serves the model that was served before the last promotion. */
export async function undoPromotion(options: ServedPlace & Pick<PromoteOptions, 'choice'>): Promise<PromotionState> {
  const place = await placeOf(options.old)
  await whileLocked(place, async () => {
    const before = (await readPromotions(place)).models.slice(0, -1).filter(({ folder }) => existsSync(folder))
    const earlier = before.at(-1)
    if (!earlier)
      throw new UsageError(
        `${place}: there is no earlier model to go back to`,
        `Remove ${join(place, PROMOTION_FOLDER)} to serve the model in the folder itself.`,
      )
    const targets = await targetsOf(options)
    const { model, tokenizer } = await openModel(earlier.folder, { choice: options.choice })
    const revision = await modelRevision(model, tokenizer).finally(() => model.release())
    await swap(place, [...before.slice(0, -1), { ...earlier, revision }], targets, options)
  })
  return promotionState(options.old)
}

async function compare(place: string, next: string, options: PromoteOptions): Promise<PromotionResult> {
  const { metric, alpha, min_gain, screen, version_2_with_negative, choice } = options
  const [served] = servedFolders(await readPromotions(place))
  if (!existsSync(served))
    throw new SpanforgeError(`${served}: the served model no longer exists`, {
      remedy: `Restore it, or go back to the model before it: spanforge promote ${options.old} --undo`,
    })
  const examples = await readQuestions(options)
  // A link may point to another folder later.
  const folders = [await realpath(await modelFolder(served)), next]
  const names = folders[0] === next ? folders.map(displayName) : shortNames(folders)
  const labels = [`${names[0]} (served)`, `${names[1]} (new)`] as const
  const evaluate = async (i: 0 | 1) => {
    const model = folders[i]
    screen.print(labels[i])
    const given: EvaluateModelOptions = {
      ...{ model, data: options.data.join(', '), screen, choice, version_2_with_negative },
      ...{ confidence_level: 1 - alpha, padding: 'none', batch_size: 8, postprocess: 'exact' },
    }
    const found = await evaluateOnce(place, examples, given)
    return { ...found, evaluation: { ...found.evaluation, model: labels[i] } }
  }
  const models = [await evaluate(0), await evaluate(1)] as const
  const comparison = compareEvaluated(...models)
  const difference = comparison[metric]
  const { outcome, detectable, refusal } = judge({ metric, alpha, min_gain }, difference, models)
  const { worse, better } = changedQuestions(examples, models, metric)
  const state = (i: 0 | 1): ModelState => ({
    folder: folders[i],
    revision: models[i].revision,
    reused: models[i].reused,
  })
  return {
    ...{ place, old: state(0), new: state(1), metric, alpha, min_gain },
    ...{ models: models.map(({ evaluation }) => evaluation), comparisons: [comparison], difference, outcome },
    detectable_loss: detectable,
    questions: { worse: worse.length, better, examples: worse.slice(0, EXAMPLES) },
    ...(refusal !== undefined && { refusal }),
    promoted: false,
  }
}

/** Questions of several files have ids that begin with the file, because two files may use the same ids. */
async function readQuestions({ data, max_eval_samples, hub, ...options }: PromoteOptions): Promise<readonly Example[]> {
  if (new Set(data).size < data.length) throw new UsageError('promote: the same data is given twice')
  const choice = { ...dataChoice(options, { split: 'validation', hub }), max_samples: max_eval_samples }
  const files: Example[][] = []
  for (const file of data) files.push(await loadExamples(file, choice))
  if (files.length === 1) return files[0]
  return files.flatMap((examples, i) => examples.map((example) => ({ ...example, id: `${data[i]}: ${example.id}` })))
}

type Target = readonly [server: ServerAccess, id: string]

/** Finds the model on each server, before anything is evaluated. */
async function targetsOf({ old, servers = [] }: ServedPlace): Promise<readonly Target[]> {
  const [{ id }] = modelSources([old])
  const targets: Target[] = []
  for (const server of servers) {
    const served = await modelsOfServer(server)
    const found = served.find((model) => model.id === id) ?? (served.length === 1 ? served[0] : undefined)
    const ids = served.map((model) => model.id).join(', ')
    if (!found)
      throw new UsageError(
        `${server.url}: serves no model "${id}", but ${ids}`,
        'Give OLD as NAME=FOLDER, with the name that the server uses.',
      )
    targets.push([server, found.id])
  }
  return targets
}

/** Records the promotion and has all servers load it. If one of them cannot, the model before it is served again. */
async function swap(
  place: string,
  models: readonly PromotedModel[],
  targets: readonly Target[],
  { screen }: ServedPlace,
): Promise<void> {
  const before = await readPromotions(place)
  await writePromotions(place, models)
  const { revision } = models[models.length - 1]
  try {
    for (const [server, id] of targets) {
      const served = await reloadServer(server, id, revision)
      if (served.revision !== revision) throw otherRevision(server, served.revision, revision)
      screen.print(`${server.url} serves revision ${revision} as ${id}.`)
    }
  } catch (error) {
    const earlier = before.models.length > 0 ? before.models : models.slice(0, -1)
    await writePromotions(place, earlier)
    for (const [server, id] of targets)
      await reloadServer(server, id, earlier[earlier.length - 1].revision).catch((failure: Error) =>
        screen.warn(`${server.url} may not serve the old model yet: ${failure.message}`),
      )
    throw undone(place, error)
  }
}

function undone(place: string, error: unknown): unknown {
  if (!(error instanceof SpanforgeError)) return error
  return new SpanforgeError(`${place}: the promotion was undone: ${error.summary}`, { ...error.options, cause: error })
}

const otherRevision = ({ url }: ServerAccess, found: string, expected: string): SpanforgeError =>
  new SpanforgeError(`${url}: serves revision ${found}, expected ${expected}`, {
    remedy:
      'The server must use the same folder, for example on a shared file system, and the same --dtype. Its log says ' +
      'whether the model could not be loaded.',
  })

async function whileLocked<T>(place: string, body: () => Promise<T>): Promise<T> {
  const folder = join(place, PROMOTION_FOLDER)
  const lock = await acquireLock(join(folder, 'lock'), { guards: folder, remedy: 'use --dry_run to compare only' })
  try {
    for (const written of [folder, join(folder, EVALUATIONS_FOLDER)])
      if (existsSync(written)) await removeTemporaryFiles(written)
    return await body()
  } finally {
    lock.release()
  }
}

/** The folder of OLD, given as FOLDER or NAME=FOLDER as in `serve`. */
async function placeOf(old: string): Promise<string> {
  const [{ source }] = modelSources([old])
  return isServed(source) ? source : existingFolder(source, 'OLD')
}

async function existingFolder(given: string, name: string): Promise<string> {
  if (statSync(given, { throwIfNoEntry: false })?.isDirectory()) return modelFolder(given)
  const problem = existsSync(given) ? 'is not a folder' : 'no such folder'
  throw new UsageError(
    `${given}: ${problem}`,
    name === 'OLD' ? 'OLD is the model folder that serve was started with.' : 'NEW is the folder of a model.',
  )
}

/** @throws UsageError for an invalid rule */
function checkRule({ alpha, min_gain, data }: PromoteOptions): void {
  if (data.length === 0) throw new UsageError('promote: no data', 'Name at least one file with --data.')
  // The test draws 10,000 samples, so it cannot find smaller p-values.
  if (!(alpha >= 0.001 && alpha <= 0.5))
    throw new UsageError(`promote: alpha is ${alpha}, expected a number from 0.001 to 0.5`)
  if (min_gain !== undefined && !(Math.abs(min_gain) <= 100))
    throw new UsageError(`promote: min_gain is ${min_gain}, expected points from -100 to 100`)
}
