import { existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { flushFolder } from '../../files/atomic.ts'
import { explain } from '../../files/explain.ts'
import { assertLocksHeld } from '../../files/lock.ts'
import { showValue } from '../../show-value.ts'
import { isPlainName, verifyCheckpoint, writeManifest } from './checkpoint-manifest.ts'

/** One file of a checkpoint. */
export interface CheckpointWriter {
  /** Letters, digits, "-", "_" and "." only. */
  readonly name: string
  readonly write: (path: string) => Promise<void> | void
}

export interface Checkpoint {
  readonly folder: string
  readonly step: number
}

export const checkpointName = (step: number): string => `checkpoint-${step}`

/** A folder on its way to becoming a checkpoint (partial), or on its way out (replaced, removed). */
const hiddenPath = (output_dir: string, step: number, fate: 'partial' | 'replaced' | 'removed'): string =>
  join(output_dir, `.${checkpointName(step)}.${process.pid}.${fate}`)

/**
 * Writes `checkpoint-<step>` so that, killed at any instant, there is either no folder of that name or a whole one:
 * into a hidden folder, everything flushed, the manifest last, then renamed. An earlier checkpoint of the same step is
 * replaced. When something fails nothing is left behind, and older checkpoints are as they were.
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
    await writeManifest(partial, step, names)
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

/** A removed folder loses its name before its files, so that no half of it is ever taken for a checkpoint. */
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

/** The checkpoints of a folder by step, whole or not; none where the folder does not exist. */
export async function listCheckpoints(output_dir: string): Promise<Checkpoint[]> {
  return (await namesIn(output_dir))
    .map((name) => ({ folder: join(output_dir, name), step: Number(/^checkpoint-(\d+)$/.exec(name)?.[1]) }))
    .filter(({ step }) => !Number.isNaN(step))
    .sort((a, b) => a.step - b.step)
}

/** The newest checkpoint that is what its manifest says, and which newer ones are not, and why. */
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
 * Clears away what a killed process left: a hidden folder that lacked nothing but its name gets it, all others go.
 * Only for the process that holds the run lock.
 */
export async function recoverCheckpoints(output_dir: string): Promise<void> {
  // Partial ones first: one may be the successor of a replaced one.
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
 * Removes checkpoints beyond `save_total_limit` by transformers' rule: the oldest first, never `newest`, never `best`;
 * so a limit of 1 keeps two where these differ. Steps after `newest` are left from a future that this run gave up when
 * it resumed from an earlier step: they go before all others.
 * @returns the steps removed
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

/** Removes every checkpoint of a folder: for --overwrite_output_dir. */
export async function removeCheckpoints(output_dir: string): Promise<void> {
  for (const { step } of await listCheckpoints(output_dir)) await removeAs('removed', output_dir, step)
}

async function namesIn(output_dir: string): Promise<string[]> {
  return existsSync(output_dir) ? readdir(output_dir) : []
}
