import { createHash } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { SpanforgeError, UsageError } from '../../errors.ts'
import { readJsonFile } from '../../files/text-file.ts'
import { ranked, type SweepSummary, type SweepTrial } from '../../report/summary/sweep.ts'
import { rejectExclusive } from '../../training/arguments/argument-checks.ts'
import { parseArguments, type TrainingArguments } from '../../training/arguments/arguments.ts'
import type { Trial } from '../../training/arguments/sweep-space.ts'
import type { RunDigests } from '../../training/checkpoints/run-digests.ts'
import { acquireRunLock } from '../../training/checkpoints/run-lock.ts'
import { ARGUMENTS_FILE, FAILURE_FILE, REPORT_FILES, writeFile, writeJson } from '../run-files.ts'
import { noScreen, type Screen } from '../screen/screen.ts'
import { isOwn, type Shard } from '../shards/shard.ts'
import { type FineTuneOptions, fineTune } from '../train/fine-tune.ts'
import type { PreparedRun } from '../train/prepare.ts'
import { differences } from '../train/resume.ts'
import { DataChangedError, hasSweepFile, SWEEP_FILE, SweepData } from './sweep-data.ts'
import { isSweepShard, lockShard, writeSweepShard } from './sweep-shard.ts'

export interface SweepOptions extends FineTuneOptions {
  /** Run only this part of the trainings, for `merge` to put together. */
  readonly shard?: Shard
}

export interface SweepOutcome {
  readonly status: 'finished' | 'interrupted'
  readonly sweep: SweepSummary
}

/**
 * Runs one training after another, each in its own folder in output_dir. Finished runs are not repeated, and an
 * interrupted run resumes from its newest checkpoint. A failed run is recorded, and the others continue. The table is
 * written to sweep.json after each run, and to sweep.html with a plot.
 * @throws UsageError before the first run for invalid arguments, or a folder with other runs
 */
export async function runSweep(
  given: Readonly<Record<string, unknown>>,
  trials: readonly Trial[],
  { shard, ...options }: SweepOptions = {},
): Promise<SweepOutcome> {
  const { screen = noScreen } = options
  const runOptions = { ...options, screen: warningOnce(screen) }
  const base = parseArguments(given, 'arguments')
  const { output_dir, overwrite_output_dir } = base
  if (!base.validation_file && !base.dataset)
    throw new UsageError('sweep: comparing runs requires an evaluation; set dataset or validation_file')
  if (base.resume_from_checkpoint !== null)
    throw new UsageError('sweep: leave out resume_from_checkpoint; a sweep resumes automatically')
  const planned = trials.map((values) => {
    const name = folderName(values)
    const args = parseArguments({ ...given, ...values, output_dir: join(output_dir, name) }, `sweep, ${name}`)
    return { name, values, args }
  })
  for (const { args } of planned) rejectExclusive(args)
  const names = planned.map(({ name }) => name)
  if (existsSync(output_dir)) await rejectOthers(output_dir, names)
  const data = await SweepData.open(output_dir, options)
  const results = new Map<string, SweepTrial>(
    planned.map(({ name, values }) => [
      name,
      { name, values, status: 'not run yet', digests: data.recorded.get(name) },
    ]),
  )
  const comparison = {
    parameters: [...new Set(trials.flatMap((trial) => Object.keys(trial)))],
    metric: `eval_${base.metric_for_best_model}`,
    greater_is_better: base.greater_is_better,
  }
  const own = names.filter((_, i) => isOwn(shard, i))
  const summary = () =>
    summaryOf({ ...comparison, trials: [...results.values()].filter(({ name }) => own.includes(name)) })
  const lockOptions = { onDoubt: screen.print, signal: options.control?.signal }
  const lock = await (shard ? lockShard(output_dir, shard, lockOptions) : acquireRunLock(output_dir, lockOptions))
  try {
    await rejectOthers(output_dir, names)
    for (const [i, { name, values, args }] of planned.entries()) {
      if (!own.includes(name)) continue
      screen.print(`Run ${i + 1} of ${planned.length}: ${name}`)
      const result =
        (!overwrite_output_dir && (await earlier(name, args, data))) || (await attempt(args, data, runOptions))
      if (result === 'interrupted') return { status: 'interrupted', sweep: summary() }
      results.set(name, { name, values, ...result })
      if (!shard) await writeSweep(output_dir, summary())
    }
    if (shard) await writeSweepShard(base, { shard, comparison, names, trials: own.map((name) => results.get(name)!) })
    return { status: 'finished', sweep: summary() }
  } finally {
    lock.release()
  }
}

/** A screen that shows each warning once, because the runs of a sweep share their data. */
function warningOnce(screen: Screen): Screen {
  const warned = new Set<string>()
  const warn = (text: string) => {
    if (!warned.has(text)) screen.warn(text)
    warned.add(text)
  }
  return { ...screen, warn }
}

type Result = Omit<SweepTrial, 'name' | 'values'>

/** Returns the result of a run that has already finished. */
async function earlier(name: string, args: TrainingArguments, data: SweepData): Promise<Result | undefined> {
  const { output_dir } = args
  if (!existsSync(join(output_dir, ARGUMENTS_FILE))) return undefined
  const differing = await differences(output_dir, args)
  if (differing.length > 0)
    throw new UsageError(
      `${output_dir}: contains a run with other arguments: ${differing.join(', ')}`,
      'Choose another --output_dir, or start the whole sweep over with --overwrite_output_dir.',
    )
  const isFinished = REPORT_FILES.every((name) => existsSync(join(output_dir, name)))
  if (!isFinished || existsSync(join(output_dir, FAILURE_FILE))) return undefined
  const digests = await data.earlier(name, args)
  return { status: 'finished', metrics: metricsOf(await readJsonFile(join(output_dir, 'all_results.json'))), digests }
}

async function attempt(
  args: TrainingArguments,
  data: SweepData,
  options: FineTuneOptions,
): Promise<Result | 'interrupted'> {
  const resume = !args.overwrite_output_dir && existsSync(join(args.output_dir, ARGUMENTS_FILE))
  let digests: RunDigests | undefined
  const onPrepared = (run: PreparedRun) => {
    digests = run.digests
    data.check(args, digests)
    options.onPrepared?.(run)
  }
  try {
    const outcome = await fineTune(resume ? { ...args, resume_from_checkpoint: 'latest' } : args, {
      ...options,
      onPrepared,
    })
    if (outcome.status === 'interrupted') return 'interrupted'
    return { status: 'finished', metrics: metricsOf(outcome.results), digests }
  } catch (error) {
    if (!(error instanceof SpanforgeError) || error instanceof DataChangedError) throw error
    options.screen?.print(`Failed: ${error.message}`)
    return { status: 'failed', error: error.message, digests }
  }
}

const metricsOf = (results: unknown): Record<string, number> =>
  Object.fromEntries(
    Object.entries(results as object).filter((pair): pair is [string, number] => typeof pair[1] === 'number'),
  )

export const summaryOf = (sweep: SweepSummary): SweepSummary => ({ ...sweep, trials: ranked(sweep) })

/** Writes the table of a sweep, and its report if a run is finished. */
export async function writeSweep(output_dir: string, sweep: SweepSummary): Promise<void> {
  await writeJson(join(output_dir, SWEEP_FILE), sweep)
  if (!sweep.trials.some(({ metrics }) => metrics)) return
  const { sweepReport } = await import('../../report/sweep-report.ts')
  for (const { name, content } of sweepReport(sweep)) await writeFile(join(output_dir, name), content)
}

/** Rejects a folder with other files than those of sweeps. Other shards may be creating the folders of `planned` runs. */
async function rejectOthers(output_dir: string, planned: readonly string[]): Promise<void> {
  const names = readdirSync(output_dir).filter((name) => !name.startsWith('.'))
  const isOurs = (name: string) =>
    planned.includes(name) || isSweepShard(name) || existsSync(join(output_dir, name, ARGUMENTS_FILE))
  const isSweep = names.every(isOurs) || (await hasSweepFile(output_dir))
  if (isSweep && !names.includes(ARGUMENTS_FILE)) return
  throw new UsageError(
    `${output_dir}: the output folder is not empty and contains no sweep: ${names.slice(0, 5).join(', ')}`,
    'Choose an --output_dir that is empty or does not exist.',
  )
}

/**
 * Returns a folder name like "learning_rate=3e-5,seed=42". Characters that are not suitable for file names are replaced,
 * and a digest keeps such names unique.
 */
function folderName(values: Trial): string {
  const full = Object.entries(values).map(([name, value]) => `${name}=${textOf(value)}`)
  const plain = full.join(',').replace(/[^\w.,=+-]+/g, '_')
  if (plain === full.join(',') && plain.length <= 120) return plain
  return `${plain.slice(0, 100)}-${createHash('sha256').update(full.join(',')).digest('hex').slice(0, 8)}`
}

function textOf(value: unknown): string {
  if (typeof value === 'number') return value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential() : String(value)
  return typeof value === 'string' ? value : JSON.stringify(value)
}
