import { existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { flushFolder } from '../../files/atomic.ts'
import { explain } from '../../files/explain.ts'
import { assertLocksHeld } from '../../files/lock.ts'
import { showValue } from '../../show-value.ts'
import { isPlainName, verifyCheckpoint, writeCheckpointManifest } from './checkpoint-manifest.ts'

/** Writes a file of a checkpoint. */
export interface CheckpointWriter {
  /** May contain only letters, digits, "-", "_" and ".". */
  readonly name: string
  readonly write: (path: string) => Promise<void> | void
}

export interface Checkpoint {
  readonly folder: string
  readonly step: number
}

export const checkpointName = (step: number): string => `checkpoint-${step}`

/** Path of a folder that is being written (partial), replaced or removed. */
const hiddenPath = (output_dir: string, step: number, fate: 'partial' | 'replaced' | 'removed'): string =>
  join(output_dir, `.${checkpointName(step)}.${process.pid}.${fate}`)

/**
 * Writes `checkpoint-<step>` so that the folder is always either missing or complete, even if the process is killed:
 * writes to a hidden folder, flushes everything, writes the manifest last, then renames the folder. Replaces an earlier
 * checkpoint of the same step. If it fails, it removes partial files and keeps older checkpoints.
 * @returns the folder
 */
export async function writeCheckpoint(
  output_dir: string,
  step: number,
  writers: readonly CheckpointWriter[],
): Promise<string> {
  const odd = writers.find(({ name }) => !isPlainName(name))
  if (odd) throw new Error(`checkpoint: ${showValue(odd.name)} is not a plain file name`)
  const folder = join(output_dir, checkpointName(step))
  const partial = hiddenPath(output_dir, step, 'partial')
  try {
    assertLocksHeld(folder)
    await rm(partial, { recursive: true, force: true })
    await mkdir(partial, { recursive: true })
    for (const { name, write } of writers) await write(join(partial, name))
    const names = writers.map(({ name }) => name)
    await writeCheckpointManifest(partial, step, names)
    assertLocksHeld(folder)
    if (existsSync(folder)) await removeAs('replaced', output_dir, step, () => rename(partial, folder))
    else await rename(partial, folder)
    await flushFolder(output_dir)
    return folder
  } catch (error) {
    await rm(partial, { recursive: true, force: true }).catch(() => {})
    throw explain(folder, error)
  }
}

/**
 * Renames the folder before deleting its files, so that a partially deleted folder is never mistaken for a checkpoint.
 */
async function removeAs(
  fate: 'replaced' | 'removed',
  output_dir: string,
  step: number,
  meanwhile: () => Promise<void> = async () => {},
): Promise<void> {
  const hidden = hiddenPath(output_dir, step, fate)
  assertLocksHeld(output_dir)
  await rm(hidden, { recursive: true, force: true })
  const folder = join(output_dir, checkpointName(step))
  await rename(folder, hidden)
  try {
    await meanwhile()
  } catch (error) {
    await rename(hidden, folder)
    throw error
  }
  await rm(hidden, { recursive: true, force: true })
}

/**
 * Lists the checkpoints of a folder by step, including incomplete ones. Returns an empty list if the folder does not
 * exist.
 */
export async function listCheckpoints(output_dir: string): Promise<Checkpoint[]> {
  return (await namesIn(output_dir))
    .map((name) => ({ folder: join(output_dir, name), step: Number(/^checkpoint-(\d+)$/.exec(name)?.[1]) }))
    .filter(({ step }) => !Number.isNaN(step))
    .sort((a, b) => a.step - b.step)
}

/** Finds the newest valid checkpoint, and lists newer ones that are invalid with the reason. */
export async function newestWhole(
  output_dir: string,
): Promise<{ folder: string | undefined; skipped: { folder: string; reason: string }[] }> {
  const skipped: { folder: string; reason: string }[] = []
  for (const { folder } of (await listCheckpoints(output_dir)).reverse()) {
    const reason = await verifyCheckpoint(folder)
    if (reason === null) return { folder, skipped }
    skipped.push({ folder, reason })
  }
  return { folder: undefined, skipped }
}

/**
 * Cleans up after a killed process: a hidden folder that is complete except for its name is renamed, all others are
 * deleted. Must be called only while holding the run lock.
 */
export async function recoverCheckpoints(output_dir: string): Promise<void> {
  // Start with partial folders, because one may be the replacement for a replaced folder.
  for (const name of (await namesIn(output_dir)).sort((a, b) => rankOf(a) - rankOf(b))) {
    const step = HIDDEN.exec(name)?.[1]
    if (step === undefined) continue
    const [hidden, folder] = [join(output_dir, name), join(output_dir, checkpointName(Number(step)))]
    const isNameless = name.endsWith('.partial') && !existsSync(folder) && (await verifyCheckpoint(hidden)) === null
    if (isNameless) await rename(hidden, folder)
    else await rm(hidden, { recursive: true, force: true })
  }
  if (existsSync(output_dir)) await flushFolder(output_dir)
}

const HIDDEN = /^\.checkpoint-(\d+)\.\d+\.(?:partial|replaced|removed)$/
const rankOf = (name: string): number => (name.endsWith('.partial') ? 0 : 1)

/**
 * Removes checkpoints in excess of `save_total_limit` by the rule of transformers: oldest first, but never `newest` or
 * `best`. With a limit of 1, two may therefore remain. Checkpoints after `newest`, which are left over when a run
 * resumes from an earlier step, are removed first.
 * @returns the steps of the removed checkpoints
 */
export async function rotateCheckpoints(
  output_dir: string,
  { save_total_limit, newest, best }: { save_total_limit: number | null; newest: number; best: number | null },
): Promise<number[]> {
  if (save_total_limit === null) return []
  const steps = (await listCheckpoints(output_dir)).map(({ step }) => step)
  const kept = steps.filter((step) => step === newest || step === best).length
  const others = steps.filter((step) => step !== newest && step !== best)
  const byAge = [...others.filter((step) => step > newest), ...others.filter((step) => step < newest)]
  const removed = byAge.slice(0, Math.max(0, byAge.length - Math.max(0, save_total_limit - kept)))
  for (const step of removed) await removeAs('removed', output_dir, step)
  return removed
}

/** Removes all checkpoints of a folder, for --overwrite_output_dir. */
export async function removeCheckpoints(output_dir: string): Promise<void> {
  for (const { step } of await listCheckpoints(output_dir)) await removeAs('removed', output_dir, step)
}

async function namesIn(output_dir: string): Promise<string[]> {
  return existsSync(output_dir) ? readdir(output_dir) : []
}
