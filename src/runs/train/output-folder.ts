import { existsSync, readdirSync, realpathSync, rmdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { UsageError } from '../../errors.ts'
import { removeTemporaryFiles } from '../../files/atomic.ts'
import type { Lock } from '../../files/lock.ts'
import { showText } from '../../show-value.ts'
import type { TrainingArguments } from '../../training/arguments/arguments.ts'
import { recoverCheckpoints, removeCheckpoints } from '../../training/checkpoints/checkpoint-store.ts'
import { acquireRunLock, type RunLockOptions } from '../../training/checkpoints/run-lock.ts'
import { removeTeacherLogits } from '../../training/loop/teacher-logits.ts'
import { isServed } from '../promote/promotions.ts'
import {
  ADAPTATION_FOLDER,
  ARGUMENTS_FILE,
  DASHBOARD_FILE,
  EVENTS_FOLDER,
  FAILURE_FILE,
  FINAL_FILES,
  LOG_FILE,
  writeJson,
} from '../run-files.ts'
import { trainsOnAdaptation } from './adaptation-record.ts'
import { clearFailure } from './failure.ts'

type FolderArguments = Pick<TrainingArguments, 'output_dir' | 'overwrite_output_dir' | 'resume_from_checkpoint'> &
  Partial<Pick<TrainingArguments, (typeof INPUTS)[number]>>

/** Arguments that may name a file or folder to read. */
const INPUTS = ['model', 'teacher', 'dataset', 'train_file', 'validation_file'] as const

export interface ClaimOptions extends RunLockOptions {
  /** Files with the arguments of the run. */
  readonly inputs?: readonly string[]
}

/**
 * Locks the output folder for this process and cleans up after a killed run.
 * @throws SpanforgeError if another process uses it; UsageError if it contains an earlier run that is neither resumed nor
 * overwritten, or files that do not belong to a run
 */
export async function claimOutputFolder(
  args: FolderArguments,
  { inputs = [], ...options }: ClaimOptions = {},
): Promise<Lock> {
  const { output_dir } = args
  const lock = await acquireRunLock(output_dir, options)
  const release = () => {
    lock.release()
    removeIfEmpty(output_dir)
  }
  try {
    rejectOthers(args)
    if (args.overwrite_output_dir) rejectInputs(args, inputs)
    await recoverCheckpoints(output_dir)
    await removeTemporaryFiles(output_dir)
    return { assertHeld: () => lock.assertHeld(), release }
  } catch (error) {
    release()
    throw error
  }
}

const CLEARED = [...FINAL_FILES, LOG_FILE, FAILURE_FILE, DASHBOARD_FILE, EVENTS_FOLDER]

/** @throws UsageError if an input of the run is among the files of an earlier run, which are removed */
function rejectInputs(args: FolderArguments, inputs: readonly string[]): void {
  const folder = realpathSync(args.output_dir)
  for (const input of [...INPUTS.map((name) => args[name]), ...inputs]) {
    if (!input || !existsSync(input)) continue
    // If the input is a link, the link itself must not be in the folder either.
    const link = join(realpathSync(dirname(resolve(input))), basename(resolve(input)))
    if (![link, realpathSync(input)].some((path) => isCleared(relative(folder, path)))) continue
    throw new UsageError(
      `${args.output_dir}: --overwrite_output_dir would remove ${showText(input)}, which this run reads`,
      'Choose another --output_dir.',
    )
  }
}

function isCleared(path: string): boolean {
  const [first] = path.split(sep)
  return first === '' || CLEARED.includes(first) || /^checkpoint-\d+$/.test(first)
}

/** Removes the files that the run replaces from its locked folder, and writes its arguments there. */
export async function prepareOutputFolder(args: TrainingArguments): Promise<void> {
  const { output_dir, overwrite_output_dir } = args
  if (overwrite_output_dir) {
    await clearOutputFolder(output_dir)
    if (!trainsOnAdaptation(args)) await rm(join(output_dir, ADAPTATION_FOLDER), { recursive: true, force: true })
  }
  await clearFailure(output_dir)
  await writeJson(join(output_dir, ARGUMENTS_FILE), args)
}

/** Removes the files of an earlier run, checkpoints first, so that they cannot be mistaken for new ones. */
async function clearOutputFolder(output_dir: string): Promise<void> {
  await removeCheckpoints(output_dir)
  await removeTeacherLogits(output_dir)
  for (const name of CLEARED) await rm(join(output_dir, name), { recursive: true, force: true })
}

function rejectOthers({ output_dir, overwrite_output_dir, resume_from_checkpoint }: FolderArguments): void {
  if (isServed(output_dir))
    throw new UsageError(
      `${output_dir}: servers use this folder, and models were promoted in its place`,
      `Choose another --output_dir, and promote it: spanforge promote ${output_dir} FOLDER --data FILE.`,
    )
  const names = readdirSync(output_dir).filter((name) => !name.startsWith('.') && name !== ADAPTATION_FOLDER)
  if (names.length === 0) return
  const isRun = existsSync(join(output_dir, ARGUMENTS_FILE)) || names.some((name) => /^checkpoint-\d+$/.test(name))
  if (!isRun)
    throw new UsageError(
      `${output_dir}: the output folder is not empty and contains no spanforge run: ${names.slice(0, 5).join(', ')}` +
        `${names.length > 5 ? ' ...' : ''}`,
      'Choose an --output_dir that is empty or does not exist.',
    )
  if (overwrite_output_dir || resume_from_checkpoint !== null) return
  throw new UsageError(
    `${output_dir}: the output folder contains an earlier run`,
    'Resume it with --resume_from_checkpoint latest, replace it with --overwrite_output_dir, or choose another --output_dir.',
  )
}

/** Removes the folder of a run that failed before it wrote anything. */
function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder)
  } catch {
    // The folder is not empty.
  }
}
