import type { Lock } from '../../files/lock.ts'
import { openingOnScreen } from '../../report/blocks/opening.ts'
import type { TrainingArguments } from '../../training/arguments/arguments.ts'
import type { RunControl } from '../../training/loop/training-run.ts'
import type { HubChoice } from '../load/load-model.ts'
import type { Listener } from '../screen/progress-listener.ts'
import { runProgress } from '../screen/progress-listener.ts'
import { noScreen, type Screen } from '../screen/screen.ts'
import { noteFailure } from './failure.ts'
import { finishRun } from './finish.ts'
import { logFiles } from './log-files.ts'
import { claimOutputFolder, prepareOutputFolder } from './output-folder.ts'
import { type PreparedRun, prepareRun } from './prepare.ts'
import type { AllResults } from './results.ts'
import { checkResumption, chooseCheckpoint } from './resume.ts'
import { runLoop } from './run-loop.ts'
import { changedArguments, runSetup } from './summary.ts'

export interface FineTuneOptions {
  /** Where progress and results are shown (default: nowhere). */
  readonly screen?: Screen
  /** The command line that started the run, as its report shows it: without secrets. */
  readonly command?: string
  readonly control?: RunControl
  /** Called with the run's inputs after they have been read and validated. */
  readonly onPrepared?: (run: PreparedRun) => void
  /** Receives every event, in addition to the listeners that show and log the run. */
  readonly listeners?: readonly Listener[]
  /** Options for looking up models and datasets on the hub. */
  readonly hub?: HubChoice
  /** Files with the arguments of the run, such as `--args_file`. They are never removed. */
  readonly inputs?: readonly string[]
}

export type RunOutcome =
  | { readonly status: 'finished'; readonly results: AllResults }
  /** `folder` is the checkpoint to resume from; undefined if the run was interrupted before the first step. */
  | { readonly status: 'interrupted'; readonly global_step: number; readonly folder?: string }

/**
 * Performs a complete run: reads model and data, trains, evaluates, and saves model, results and report in output_dir.
 * @throws SpanforgeError before the first step for any problem that can be detected in advance
 */
export async function fineTune(args: TrainingArguments, options: FineTuneOptions = {}): Promise<RunOutcome> {
  const { screen = noScreen, control } = options
  const signal = control?.signal
  let claim: Lock | undefined
  try {
    claim = await claimOutputFolder(args, { onDoubt: screen.print, signal, inputs: options.inputs })
    await checkResumption(args)
    const run = await prepareRun(args, { screen, signal, hub: options.hub })
    const outcome = await trainAndFinish(run, { ...options, screen }, claim)
    await run.loaded.model.release()
    return outcome
  } catch (error) {
    if (signal?.aborted && error === signal.reason) return { status: 'interrupted', global_step: 0 }
    throw error
  } finally {
    claim?.release()
  }
}

async function trainAndFinish(
  run: PreparedRun,
  { screen, command, control, onPrepared, listeners = [] }: FineTuneOptions & { readonly screen: Screen },
  claim: Lock,
): Promise<RunOutcome> {
  const { args } = run
  const { folder, notes } = await chooseCheckpoint(args, run.digests)
  await prepareOutputFolder(args)
  screen.show(openingOnScreen(runSetup(run), { changed: changedArguments(args), isResumed: folder !== undefined }))
  onPrepared?.(run)
  for (const note of notes) screen.print(note)
  const progress = runProgress(screen)
  try {
    const outcome = await runLoop({ ...run, resume_from: folder, control }, [
      () => claim.assertHeld(),
      progress.listener,
      ...logFiles(args),
      ...listeners,
    ])
    if (outcome.status === 'interrupted') return outcome
    return { status: 'finished', results: await finishRun(run, outcome, { screen, command }) }
  } catch (error) {
    const { signal } = control ?? {}
    if (!signal?.aborted || error !== signal.reason) await noteFailure(run, error, command)
    throw error
  } finally {
    progress.stop()
  }
}
