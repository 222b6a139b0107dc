import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { SpanforgeError } from '../../errors.ts'
import { readJsonFile } from '../../files/text-file.ts'
import type { TrainingArguments } from '../../training/arguments/arguments.ts'
import { changedDigests, DATA_ARGUMENTS, type RunDigests } from '../../training/checkpoints/run-digests.ts'
import { noScreen } from '../screen/screen.ts'
import type { FineTuneOptions } from '../train/fine-tune.ts'
import { prepareRun } from '../train/prepare.ts'

export const SWEEP_FILE = 'sweep.json'

const sweepFile = z.object({
  trials: z.array(z.object({ name: z.string(), digests: z.record(z.string(), z.string()).optional() })),
})

/** The data or the base model of a sweep has changed, so that its runs cannot be compared. */
export class DataChangedError extends SpanforgeError {}

/** Ensures that all runs of a sweep with the same data and base model arguments use identical files. */
export class SweepData {
  /** Digests by the arguments that specify data and model. */
  private readonly known = new Map<string, RunDigests>()

  private constructor(
    /** Digests by run, from sweep.json. */
    readonly recorded: ReadonlyMap<string, RunDigests | undefined>,
    private readonly options: FineTuneOptions,
  ) {}

  static async open(output_dir: string, options: FineTuneOptions): Promise<SweepData> {
    return new SweepData(await readRecorded(output_dir), options)
  }

  /** @throws DataChangedError if an earlier run with the same arguments had different data or a different base model */
  check(args: TrainingArguments, digests: RunDigests): void {
    const key = keyOf(args)
    const before = this.known.get(key) ?? digests
    this.known.set(key, before)
    rejectChanged(args, before, digests, 'since the first run of this sweep')
  }

  /**
   * Returns the digests of a run that finished earlier, after comparing them with the current data and base model.
   * @throws DataChangedError if they differ
   */
  async earlier(name: string, args: TrainingArguments): Promise<RunDigests | undefined> {
    const before = this.recorded.get(name)
    if (!before) {
      const { screen = noScreen } = this.options
      screen.print(`${name} has no digests of its data, so spanforge cannot check that the data is still the same.`)
      return undefined
    }
    rejectChanged(args, before, await this.now(args), `since ${name} finished`)
    return before
  }

  private async now(args: TrainingArguments): Promise<RunDigests> {
    const key = keyOf(args)
    const known = this.known.get(key)
    if (known) return known
    const { hub, control } = this.options
    // Digests do not depend on the engine, and that of the run may be slow to start.
    const plain = { ...args, engine: null, device: null, bf16: false, bf16_full_eval: false, fp16: false }
    const { digests, loaded } = await prepareRun(plain, { screen: noScreen, hub, signal: control?.signal })
    await loaded.model.release()
    this.known.set(key, digests)
    return digests
  }
}

const keyOf = (args: TrainingArguments): string => JSON.stringify(DATA_ARGUMENTS.map((name) => args[name]))

function rejectChanged(args: TrainingArguments, before: RunDigests, now: RunDigests, since: string): void {
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

/** Whether the folder contains a sweep.json of spanforge. Other programs also use files with this name. */
export const hasSweepFile = async (output_dir: string): Promise<boolean> =>
  (await readSweepFile(output_dir)) !== undefined

async function readSweepFile(output_dir: string): Promise<z.infer<typeof sweepFile> | undefined> {
  const path = join(output_dir, SWEEP_FILE)
  if (!existsSync(path)) return undefined
  const content = await readJsonFile(path).catch(() => undefined)
  return sweepFile.safeParse(content).data
}
