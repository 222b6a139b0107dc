import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { SpanforgeError } from '../../errors.ts'
import { readJsonFile } from '../../files/json-file.ts'
import type { TrainingArguments } from '../../training/arguments/arguments.ts'
import { changedDigests, DATA_ARGUMENTS, type RunDigests } from '../../training/checkpoints/run-digests.ts'
import { noScreen } from '../screen/screen.ts'
import type { FineTuneOptions } from '../train/fine-tune.ts'
import { prepareRun } from '../train/prepare.ts'

export const SWEEP_FILE = 'sweep.json'

const sweepFile = z.object({
  trials: z.array(z.object({ name: z.string(), digests: z.record(z.string(), z.string()).optional() })),
})

/** Data or base model changed under the same path, so that the runs of a sweep cannot be compared. */
export class DataChangedError extends SpanforgeError {}

/** Ensures that all runs of a sweep with the same data and base model arguments use identical files. */
export class SweepData {
  /** By the arguments that name data and model. */
  private readonly known = new Map<string, RunDigests>()

  private constructor(
    /** By run, as sweep.json has them. */
    readonly recorded: ReadonlyMap<string, RunDigests | undefined>,
    private readonly options: FineTuneOptions,
  ) {}

  static async open(output_dir: string, options: FineTuneOptions): Promise<SweepData> {
    return new SweepData(await readRecorded(output_dir), options)
  }

  /** @throws DataChangedError where an earlier run with the same arguments had other data or another base model */
  check(args: TrainingArguments, digests: RunDigests): void {
    const key = keyOf(args)
    const before = this.known.get(key) ?? digests
    this.known.set(key, before)
    refuseChanged(args, before, digests, 'since the first run of this sweep')
  }

  /**
   * The digests of a run that finished earlier, held against what its arguments name now.
   * @throws DataChangedError where these differ
   */
  async earlier(name: string, args: TrainingArguments): Promise<RunDigests | undefined> {
    const before = this.recorded.get(name)
    if (!before) {
      const { screen = noScreen } = this.options
      screen.print(`${name} has no digests of its data: whether that is still the same cannot be checked.`)
      return undefined
    }
    refuseChanged(args, before, await this.now(args), `since ${name} finished`)
    return before
  }

  private async now(args: TrainingArguments): Promise<RunDigests> {
    const key = keyOf(args)
    const known = this.known.get(key)
    if (known) return known
    const { hub, control } = this.options
    // Digests depend on no engine; the one that the run had may be slow to start.
    const plain = { ...args, engine: null, device: null, bf16: false, bf16_full_eval: false }
    const { digests, loaded } = await prepareRun(plain, { screen: noScreen, hub, signal: control?.signal })
    await loaded.model.release()
    this.known.set(key, digests)
    return digests
  }
}

const keyOf = (args: TrainingArguments): string => JSON.stringify(DATA_ARGUMENTS.map((name) => args[name]))

function refuseChanged(args: TrainingArguments, before: RunDigests, now: RunDigests, since: string): void {
  const changes = changedDigests({ digests: before, args: { ...args } }, { digests: now, args })
  if (changes.length === 0) return
  throw new DataChangedError(
    `sweep: this has changed ${since}, so that its runs cannot be compared: ${changes.map(({ text }) => text).join(', ')}`,
    { remedy: 'Restore what has changed, or run the whole sweep again with --overwrite_output_dir.' },
  )
}

async function readRecorded(output_dir: string): Promise<ReadonlyMap<string, RunDigests | undefined>> {
  const sweep = await readSweepFile(output_dir)
  return new Map(sweep?.trials.map(({ name, digests }) => [name, digests]))
}

/** Whether the folder has a sweep.json that a sweep wrote; other programs have files of this name, too. */
export const hasSweepFile = async (output_dir: string): Promise<boolean> =>
  (await readSweepFile(output_dir)) !== undefined

async function readSweepFile(output_dir: string): Promise<z.infer<typeof sweepFile> | undefined> {
  const path = join(output_dir, SWEEP_FILE)
  if (!existsSync(path)) return undefined
  const content = await readJsonFile(path).catch(() => undefined)
  return sweepFile.safeParse(content).data
}
