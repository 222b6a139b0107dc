import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { parseBoundedJson } from '../bounded-json.ts'
import { readJsonFile, readTextFile } from '../files/text-file.ts'
import { ARGUMENTS_FILE, DASHBOARD_FILE, FAILURE_FILE, LOG_FILE } from '../runs/run-files.ts'
import { showIssues, showMessage, showText, showValue } from '../show-value.ts'
import { checkpointName, listCheckpoints } from '../training/checkpoints/checkpoint-store.ts'
import { isRunInProgress } from '../training/checkpoints/run-lock.ts'
import { type LogEntry, STATE_FILE } from '../training/checkpoints/state.ts'
import { parseJournal } from './journal.ts'
import type { ArgumentValues, RunRecord, RunStatus } from './records.ts'
import { foldAll, type RunView } from './run-view.ts'

const RESULTS_FILE = 'all_results.json'

const MAX_PROBLEMS = 10
const MAX_PROBLEM_BYTES = 1000
const MAX_ARGUMENTS = 500
const MAX_ARGUMENT_LENGTH = 1000

/** A run reconstructed from its folder. */
export interface PastRun {
  readonly view: RunView
  /** Time of the last change, in milliseconds since 1970. */
  readonly changed: number
  /** Problems with corrupted files. The others are still shown. */
  readonly problems: readonly string[]
}

const logEntry = z.object({ step: z.number(), epoch: z.number() }).catchall(z.unknown())
/** The required fields of trainer_state.json, compatible with transformers. */
const trainerState = z.object({
  global_step: z.number(),
  max_steps: z.number(),
  log_history: z.array(logEntry),
  best_global_step: z.number().nullish(),
  best_metric: z.number().nullish(),
})
const argumentValues = z.record(z.string(), z.unknown())
const failureFile = z.object({ error: z.string() })

/** Reads the files of a run. Unreadable files are listed as problems instead of throwing an error. */
export async function readPastRun(folder: string): Promise<PastRun> {
  const problems: string[] = []
  const read = async <T>(name: string, parse: (path: string) => Promise<T>): Promise<T | undefined> => {
    if (!existsSync(join(folder, name))) return undefined
    try {
      return await parse(join(folder, name))
    } catch (error) {
      problems.push(problemText(name, error))
      return undefined
    }
  }
  const json =
    <T>(schema: z.ZodType<T>) =>
    async (path: string) =>
      schema.parse(await readJsonFile(path))
  const args: ArgumentValues = (await read(ARGUMENTS_FILE, json(argumentValues))) ?? {}
  const results = await read(RESULTS_FILE, json(argumentValues))
  const checkpoints = (await listCheckpoints(folder))
    .map(({ step }) => `${checkpointName(step)}/${STATE_FILE}`)
    .reverse()
  let state: z.output<typeof trainerState> | undefined
  for (const name of [STATE_FILE, ...checkpoints]) state ??= await read(name, json(trainerState))
  const log = (await read(LOG_FILE, readLog)) ?? []
  const records = (await read(DASHBOARD_FILE, (path) => readRecords(path, problems))) ?? []

  const view = foldAll(records)
  view.arguments = boundedArguments(Object.keys(args).length > 0 ? args : view.arguments)
  for (const longer of [log, (state?.log_history ?? []).map(numbersOf)])
    if ((longer.at(-1)?.step ?? -1) >= (view.log.at(-1)?.step ?? 0) && longer.length >= view.log.length)
      view.log = longer
  view.step = Math.max(view.step, state?.global_step ?? 0, view.log.at(-1)?.step ?? 0)
  view.max_steps ||= state?.max_steps ?? 0
  if (state?.best_global_step !== undefined) view.best_step = state.best_global_step
  const failure = await read(FAILURE_FILE, json(failureFile))
  view.status = statusOf(folder, view, { finished: results !== undefined, failed: failure !== undefined })
  if (view.status === 'failed' && failure) view.message = failure.error
  return { view, problems: problems.slice(0, MAX_PROBLEMS), changed: await lastChange(folder) }
}

/** Describes a problem with a file of a run or with the run as a whole. */
export const problemText = (name: string, error: unknown): string =>
  error instanceof z.ZodError
    ? `${name}: ${showIssues(error.issues)}`
    : showMessage((error as Error).message, MAX_PROBLEM_BYTES)

/** Limits the number, length and depth of arguments, because the file may be corrupted or malicious. */
const boundedArguments = (args: ArgumentValues): ArgumentValues =>
  Object.fromEntries(
    Object.entries(args)
      .slice(0, MAX_ARGUMENTS)
      .map(([name, value]) => [showText(name), boundedArgument(value)]),
  )

function boundedArgument(value: unknown): unknown {
  if (typeof value === 'string') return showText(value, MAX_ARGUMENT_LENGTH)
  if (typeof value !== 'object' || value === null) return value
  const isPlain = Array.isArray(value) && value.length <= 20 && value.every((item) => typeof item !== 'object')
  return isPlain ? value.map(boundedArgument) : showValue(value, MAX_ARGUMENT_LENGTH)
}

/** Derives the status from the journal, or from the files if there is no journal or its process was killed. */
function statusOf(
  folder: string,
  { status }: RunView,
  { finished, failed }: { readonly finished: boolean; readonly failed: boolean },
): RunStatus {
  if (isRunInProgress(folder)) return status === 'preparing' ? 'running' : status
  if (failed) return 'failed'
  if (finished) return 'finished'
  return status === 'failed' ? 'failed' : 'interrupted'
}

async function readRecords(path: string, problems: string[]): Promise<RunRecord[]> {
  const { records, problem } = parseJournal(await readTextFile(path))
  if (problem !== undefined) problems.push(`${DASHBOARD_FILE}: ${problem}`)
  return records
}

/** The last line is ignored if it is incomplete, because the run was killed or is still writing it. */
async function readLog(path: string): Promise<LogEntry[]> {
  const lines = (await readTextFile(path)).split('\n').slice(0, -1)
  return lines.map((line, i) => {
    try {
      return numbersOf(logEntry.parse(parseBoundedJson(line)))
    } catch {
      throw new Error(`${LOG_FILE}: line ${i + 1} is not a log entry`)
    }
  })
}

/** Keeps only the numeric fields. The NaN and Infinity of Python's JSON have been rejected before. */
const numbersOf = (entry: Readonly<Record<string, unknown>>): LogEntry =>
  Object.fromEntries(Object.entries(entry).filter(([, value]) => typeof value === 'number')) as unknown as LogEntry

/** Time of a run's last write, in milliseconds since 1970. */
export async function lastChange(folder: string): Promise<number> {
  const times = [STATE_FILE, RESULTS_FILE, LOG_FILE, FAILURE_FILE, DASHBOARD_FILE, ARGUMENTS_FILE].map((name) =>
    stat(join(folder, name)).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    ),
  )
  return Math.max(...(await Promise.all(times)))
}
