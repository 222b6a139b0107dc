import { existsSync } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { SpanforgeError, UsageError } from '../../errors.ts'
import { readJsonFile } from '../../files/text-file.ts'
import { showValue } from '../../show-value.ts'
import { argumentDefaults, type TrainingArguments } from '../../training/arguments/arguments.ts'
import { DECIDED_BY_MODEL } from '../../training/arguments/stored-settings.ts'
import { verifyCheckpoint } from '../../training/checkpoints/checkpoint-manifest.ts'
import { listCheckpoints, newestWhole } from '../../training/checkpoints/checkpoint-store.ts'
import { checkUnchanged, type RunDigests } from '../../training/checkpoints/run-digests.ts'
import { ARGUMENTS_FILE } from '../run-files.ts'

type RawArguments = Readonly<Record<string, unknown>>

/** Arguments that may change when a run is resumed, because no weight, moment or log entry depends on them. */
const FREE: ReadonlySet<string> = new Set([
  'output_dir',
  'overwrite_output_dir',
  'resume_from_checkpoint',
  'save_total_limit',
  'dataloader_num_workers',
  'report_to',
  'logging_dir',
  'run_name',
  'disable_tqdm',
])

/** The checkpoint to resume from, with notes for the user. */
export interface Resumption {
  /** Undefined if there is no checkpoint yet, so that the run starts from the beginning. */
  readonly folder?: string
  readonly notes: readonly string[]
}

/**
 * Finds the checkpoint given by `resume_from_checkpoint`: `latest` for the newest complete one in output_dir, or a folder
 * there. The checkpoint is verified with its manifest, and its data and base model are compared with the current ones.
 * @throws SpanforgeError if the checkpoint is corrupted, or if the data or the base model has changed
 */
export async function chooseCheckpoint(args: TrainingArguments, digests: RunDigests): Promise<Resumption> {
  const { output_dir, resume_from_checkpoint } = args
  if (resume_from_checkpoint === null) return { notes: [] }
  const { folder, notes } =
    resume_from_checkpoint === 'latest' ? await latest(output_dir) : await named(output_dir, resume_from_checkpoint)
  if (!folder) return { notes }
  const unverified = await checkUnchanged(folder, digests, args)
  const differing = await differences(folder, args)
  const resuming =
    differing.length === 0
      ? `Resuming from ${folder}.`
      : `Resuming from ${folder} with changed arguments, so the results will not be bit-identical: ` +
        differing.join(', ')
  return { folder, notes: [...notes, resuming, ...unverified] }
}

async function latest(output_dir: string): Promise<Resumption> {
  const { folder, skipped } = await newestWhole(output_dir)
  const notes = skipped.map(({ folder, reason }) => `Skipped ${folder}: ${reason}.`)
  if (folder) return { folder, notes }
  if (skipped.length > 0)
    throw new SpanforgeError(`${output_dir}: no complete checkpoint to resume from:\n  ${notes.join('\n  ')}`, {
      remedy: 'Start over with --overwrite_output_dir, which removes them.',
    })
  return { notes: [`No checkpoint in ${output_dir} yet: starting from the beginning.`] }
}

async function named(output_dir: string, name: string): Promise<Resumption> {
  const folder = await namedFolder(output_dir, name)
  const reason = await verifyCheckpoint(folder)
  if (reason !== null)
    throw new SpanforgeError(`${folder}: the checkpoint is incomplete: ${reason}`, {
      remedy: 'Use another checkpoint, or the newest complete one: --resume_from_checkpoint latest.',
    })
  return { folder: join(output_dir, basename(folder)), notes: [] }
}

/** @throws UsageError if resume_from_checkpoint names a folder that does not exist or is not in output_dir */
export async function checkResumption({ output_dir, resume_from_checkpoint: name }: TrainingArguments): Promise<void> {
  if (name !== null && name !== 'latest') await namedFolder(output_dir, name)
}

async function namedFolder(output_dir: string, name: string): Promise<string> {
  const folder = existsSync(name) ? name : join(output_dir, name)
  if (existsSync(folder)) {
    await rejectForeignCheckpoint(output_dir, folder, 'resume_from_checkpoint')
    return folder
  }
  const there = existsSync(output_dir) ? (await listCheckpoints(output_dir)).map(({ folder }) => basename(folder)) : []
  throw new UsageError(
    `resume_from_checkpoint: ${name} does not exist`,
    `Use latest or the name of a checkpoint. Checkpoints in ${output_dir}: ${there.join(', ') || 'none'}.`,
  )
}

/** @throws UsageError if a checkpoint is not in output_dir. `option` is the name of the option that contains its path. */
export async function rejectForeignCheckpoint(output_dir: string, checkpoint: string, option: string): Promise<void> {
  const resolved = (folder: string) => realpath(folder).catch(() => undefined)
  const place = await resolved(output_dir)
  // The run needs the best checkpoint at the end, which is in the same folder.
  if (place !== undefined && (await resolved(dirname(checkpoint))) === place) return
  throw new UsageError(
    `${option}: ${checkpoint} is not in output_dir ${output_dir}`,
    `Resume it in its own folder (--output_dir ${dirname(checkpoint)}), or start a new run from its weights (--model ${checkpoint}).`,
  )
}

/** Whether a run decides the argument itself, by its base model or by measuring. */
function isOpen(name: string, value: unknown, { bf16, bf16_full_eval, fp16 }: TrainingArguments): boolean {
  if (name === 'engine') return value === 'auto' || (value === null && (bf16 || bf16_full_eval || fp16 === true))
  if (name === 'device' && value === 'auto') return true
  return value === null && (name === 'device' || name === 'fp16' || DECIDED_BY_MODEL.includes(name))
}

/** Describes the arguments that differ from those stored in `folder`, with their current and previous values. */
export async function differences(folder: string, args: TrainingArguments): Promise<string[]> {
  const saved = (await readJsonFile(join(folder, ARGUMENTS_FILE))) as RawArguments
  return Object.entries(args)
    .filter(([name, value]) => name in saved && !FREE.has(name) && !isOpen(name, value, args))
    .filter(([name, value]) => JSON.stringify(saved[name]) !== JSON.stringify(value))
    .map(([name, value]) => `${name} ${showValue(value)} (was ${showValue(saved[name])})`)
}

/**
 * Adds the arguments that a resumed run was started with to the given ones, so that its output folder is enough to resume
 * it.
 * @throws UsageError if there is no such run and no model to start a new one with
 */
export async function withEarlierArguments(given: RawArguments): Promise<RawArguments> {
  const resume = given.resume_from_checkpoint === true ? 'latest' : given.resume_from_checkpoint
  if (typeof resume !== 'string') return given
  const output_dir = given.output_dir ?? (resume === 'latest' ? argumentDefaults.output_dir : dirname(resume))
  if (typeof output_dir !== 'string') return given
  if (!existsSync(join(output_dir, ARGUMENTS_FILE))) {
    if (given.model) return given
    throw new UsageError(
      `resume_from_checkpoint: no run to resume in ${output_dir}: ${existsSync(output_dir) ? `it has no ${ARGUMENTS_FILE}` : 'it does not exist'}`,
      'Set --output_dir to the folder of the run, or start a new run there with --model and data.',
    )
  }
  const saved = (await readJsonFile(join(output_dir, ARGUMENTS_FILE))) as RawArguments
  // With `auto`, the engine and device chosen by the original run are kept, because others would produce different bits.
  const kept = Object.entries(given).filter(
    ([name, value]) => !(['engine', 'device'].includes(name) && value === 'auto' && typeof saved[name] === 'string'),
  )
  return { ...saved, overwrite_output_dir: false, ...Object.fromEntries(kept), output_dir }
}
