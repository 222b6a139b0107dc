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
import { clearFailure } from './failure.ts'
import {
  ARGUMENTS_FILE,
  DASHBOARD_FILE,
  EVENTS_FOLDER,
  FAILURE_FILE,
  FINAL_FILES,
  LOG_FILE,
  writeJson,
} from './run-files.ts'

type FolderArguments = Pick<TrainingArguments, 'output_dir' | 'overwrite_output_dir' | 'resume_from_checkpoint'> &
  Partial<Pick<TrainingArguments, (typeof INPUTS)[number]>>

/** Arguments that may name a file or folder to read. */
const INPUTS = ['model', 'dataset', 'train_file', 'validation_file'] as const

export interface ClaimOptions extends RunLockOptions {
  /** Files that the run was described in. */
  readonly inputs?: readonly string[]
}

/**
 * Takes the output folder for this process and clears away what a killed run left half done.
 * @throws SpanforgeError while another process has it; UsageError where it holds an earlier run that is neither to be
 * resumed nor overwritten, or something that no run wrote
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
    refuseOthers(args)
    if (args.overwrite_output_dir) refuseInputs(args, inputs)
    await recoverCheckpoints(output_dir)
    await removeTemporaryFiles(output_dir)
    return { assertHeld: () => lock.assertHeld(), release }
  } catch (error) {
    release()
    throw error
  }
}

const CLEARED = [...FINAL_FILES, LOG_FILE, FAILURE_FILE, DASHBOARD_FILE, EVENTS_FOLDER]

/** A new run replaces all that an earlier one left: its own inputs must not be among that. */
function refuseInputs(args: FolderArguments, inputs: readonly string[]): void {
  const folder = realpathSync(args.output_dir)
  for (const input of [...INPUTS.map((name) => args[name]), ...inputs]) {
    if (!input || !existsSync(input)) continue
    // A link is removed from its own folder, not from that of its target.
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

/** Removes what the run replaces from its claimed folder, and writes its arguments there. */
export async function prepareOutputFolder(args: TrainingArguments): Promise<void> {
  const { output_dir, overwrite_output_dir } = args
  if (overwrite_output_dir) await clearOutputFolder(output_dir)
  await clearFailure(output_dir)
  await writeJson(join(output_dir, ARGUMENTS_FILE), args)
}

/** Removes what an earlier run left, its checkpoints first, so that nothing old is taken for new. */
async function clearOutputFolder(output_dir: string): Promise<void> {
  await removeCheckpoints(output_dir)
  for (const name of CLEARED) await rm(join(output_dir, name), { recursive: true, force: true })
}

function refuseOthers({ output_dir, overwrite_output_dir, resume_from_checkpoint }: FolderArguments): void {
  const names = readdirSync(output_dir).filter((name) => !name.startsWith('.'))
  if (names.length === 0) return
  const isRun = existsSync(join(output_dir, ARGUMENTS_FILE)) || names.some((name) => /^checkpoint-\d+$/.test(name))
  if (!isRun)
    throw new UsageError(
      `${output_dir}: the output folder is not empty, and holds no run of spanforge: ${names.slice(0, 5).join(', ')}` +
        `${names.length > 5 ? ' ...' : ''}`,
      'Choose another --output_dir, one that is empty or does not exist.',
    )
  if (overwrite_output_dir || resume_from_checkpoint !== null) return
  throw new UsageError(
    `${output_dir}: the output folder holds an earlier run`,
    'Resume it with --resume_from_checkpoint latest, replace it with --overwrite_output_dir, or choose another --output_dir.',
  )
}

/** A run that was refused before it began leaves no trace. */
function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder)
  } catch {
    // It holds something, which is as it should be.
  }
}
