import type { Lock } from '../../files/lock.ts'
import { isFirst, onFirst, type Ranks, rejectDifferences, StoppedTogether } from '../../ranks/ranks.ts'
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
import type { PreparedRun } from './prepare.ts'
import { prepareOnRanks, withBatchSize } from './prepare-on-ranks.ts'
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
  /** The processes that compute the run together, of which the first one writes files and shows progress. */
  readonly ranks?: Ranks
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
  const { screen = noScreen, control, ranks } = options
  const signal = control?.signal
  let claim: Lock | undefined
  try {
    if (ranks) await rejectDifferences(ranks, { ...args })
    await onFirst(ranks, async () => {
      claim = await claimOutputFolder(args, { onDoubt: screen.print, signal, inputs: options.inputs })
      await checkResumption(args)
    })
    const run = await prepareOnRanks(args, { screen, signal, hub: options.hub }, ranks)
    const outcome = await trainAndFinish(run, { ...options, screen }, claim)
    await run.loaded.model.release()
    return outcome
  } catch (error) {
    const isStopped = error instanceof StoppedTogether || (signal?.aborted && error === signal.reason)
    if (isStopped) return { status: 'interrupted', global_step: 0 }
    throw error
  } finally {
    claim?.release()
  }
}

async function trainAndFinish(
  prepared: PreparedRun,
  { screen, command, control, onPrepared, listeners = [], ranks }: FineTuneOptions & { readonly screen: Screen },
  claim: Lock | undefined,
): Promise<RunOutcome> {
  const { args } = prepared
  const { folder, notes } = await onFirst(ranks, () => chooseCheckpoint(args, prepared.digests))
  const run = await withBatchSize(prepared, folder, ranks)
  await onFirst(ranks, () => prepareOutputFolder(args))
  screen.show(openingOnScreen(runSetup(run), { changed: changedArguments(args), isResumed: folder !== undefined }))
  onPrepared?.(run)
  for (const note of notes) screen.print(note)
  const progress = runProgress(screen)
  try {
    const all = [() => claim?.assertHeld(), progress.listener, ...logFiles(args), ...listeners]
    const outcome = await runLoop({ ...run, resume_from: folder, control, ranks }, isFirst(ranks) ? all : [])
    if (outcome.status === 'interrupted') return outcome
    const results = await finishRun(run, outcome, { screen, command, ranks })
    return { status: 'finished', results }
  } catch (error) {
    const { signal } = control ?? {}
    const isStopped = signal?.aborted && error === signal.reason
    if (isFirst(ranks) && !isStopped) await noteFailure(run, error, command)
    throw error
  } finally {
    progress.stop()
  }
}
