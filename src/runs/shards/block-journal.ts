import { createReadStream, existsSync } from 'node:fs'
import { type FileHandle, open, readdir, rename, rm, truncate } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { gzipSync } from 'node:zlib'
import { z } from 'zod'
import { parseBoundedJson } from '../../bounded-json.ts'
import { SpanforgeError, UsageError } from '../../errors.ts'
import { type FileData, flushFolder, giveNewName, isSameFile, writeFileAtomic } from '../../files/atomic.ts'
import { explain } from '../../files/explain.ts'
import { assertLocksHeld } from '../../files/lock.ts'
import { alreadyExists, checkOutputs, writeOutput } from '../../files/output.ts'
import { readJsonFile } from '../../files/text-file.ts'
import { showIssues, showText, showValue } from '../../show-value.ts'

const STATE = z.object({
  /** The settings that the lines depend on. A file with other settings is not resumed. */
  settings: z.record(z.string(), z.unknown()),
  /** Digests of the questions, the tokenizer and the configuration. Files started by spanforge 0.1.0 have none. */
  digests: z.record(z.string(), z.string()).optional(),
  /** Length of the unfinished file in bytes. Anything after it is an incomplete write. */
  bytes: z.int().nonnegative(),
  /** Whether existing files are replaced at the end. Version 0.1.0 did not record this, and replaced them. */
  replaces: z.boolean().optional(),
})

type OwnState = Readonly<z.output<typeof STATE>>

/** The state of an unfinished file: what its lines depend on, and the progress that its writer counts. */
export type JournalState<Progress> = OwnState & Readonly<Progress>

/** The format of the progress that a writer stores after each block. */
export interface ProgressFormat<Progress> {
  readonly schema: z.ZodType<Progress>
  readonly start: Progress
}

const mayReplace = ({ replaces = true }: OwnState): boolean => replaces

const writeState = (path: string, state: OwnState): Promise<void> =>
  writeFileAtomic(`${path}.partial.json`, `${JSON.stringify(state, null, 2)}\n`)

async function readState<Progress>(
  path: string,
  { schema }: ProgressFormat<Progress>,
): Promise<JournalState<Progress> | undefined> {
  const noted = `${path}.partial.json`
  if (!existsSync(noted)) return undefined
  const remedy = 'The file has been modified. Start over with --overwrite.'
  const json = await readJsonFile(noted).catch((cause: SpanforgeError) => {
    throw new SpanforgeError(cause.summary, { remedy, cause })
  })
  const state = STATE.safeParse(json)
  const progress = schema.safeParse(json)
  if (state.success && progress.success) return { ...state.data, ...progress.data }
  const faults = showIssues([...(state.error?.issues ?? []), ...(progress.error?.issues ?? [])])
  throw new SpanforgeError(`${noted}: cannot be read as the progress of ${path}: ${faults}`, { remedy })
}

/** Whether the output is complete: a process may be killed after renaming the file and before cleaning up. */
function isFinished(path: string, target: string, state: OwnState): boolean {
  if (!existsSync(target)) return false
  if (existsSync(`${path}.partial`)) return isSameFile(`${path}.partial`, target)
  // Without any lines, the target is an older file that has yet to be replaced.
  return state.bytes > 0 || !mayReplace(state)
}

/** @throws UsageError if a new file would replace existing files without `overwrite` */
export function rejectExisting(path: string, targets: readonly string[], overwrite: boolean | undefined): void {
  if (!existsSync(`${path}.partial.json`)) checkOutputs([`${path}.partial`, ...targets], { overwrite })
}

interface OpenOptions<Progress> {
  readonly progress: ProgressFormat<Progress>
  /** The settings that the lines depend on. */
  readonly settings: OwnState['settings']
  /** The output files; the one that is written last comes first (default: the file itself). */
  readonly targets?: readonly string[]
  readonly overwrite?: boolean
  readonly digests?: OwnState['digests']
  readonly onNote?: (text: string) => void
}

/**
 * A file of lines that is written in whole blocks. Each block is appended to `PATH.partial` and flushed, then its
 * length is recorded atomically in `PATH.partial.json`. After a crash at any time, the next process truncates the file
 * to the recorded length and resumes.
 */
export class BlockJournal<Progress extends object> {
  private constructor(
    private readonly path: string,
    private readonly file: FileHandle,
    public state: JournalState<Progress>,
    private readonly gzip: boolean,
  ) {}

  /**
   * Resumes an unfinished file, or starts a new one. Returns undefined if the output is already complete, because the
   * process was killed while cleaning up.
   * @throws UsageError if an unfinished file has other settings, or a file exists and must not be overwritten;
   * SpanforgeError if the data or the model has changed since the unfinished file was started
   */
  static async open<Progress extends object>(
    path: string,
    { progress, settings, targets = [path], overwrite = false, digests = {}, onNote }: OpenOptions<Progress>,
  ): Promise<BlockJournal<Progress> | undefined> {
    const [partial, noted] = [`${path}.partial`, `${path}.partial.json`]
    await removeLeftovers(path)
    if (overwrite) for (const file of [noted, partial]) await rm(file, { force: true })
    const before = await readState(path, progress)
    if (before) {
      rejectOther(path, before, { settings, digests })
      if (!before.digests)
        onNote?.(
          `${path}: the unfinished file was started by spanforge 0.1.0, which stored no digests, so spanforge cannot ` +
            'check that the questions and the tokenizer are still the same.',
        )
    }
    if (before && isFinished(path, targets[0], before)) {
      for (const file of [partial, noted]) await rm(file, { force: true })
      return undefined
    }
    const start = { ...progress.start, bytes: 0, replaces: overwrite }
    const state = { ...(before ?? start), settings, digests }
    const created = [...(before ? [] : [partial]), ...(mayReplace(state) ? [] : targets)]
    checkOutputs(created, { overwrite })
    if (!before) await writeState(path, state)
    try {
      const file = await open(partial, 'a')
      const { size } = await file.stat()
      if (size < state.bytes) {
        await file.close()
        throw new SpanforgeError(`${partial}: found ${size} bytes, expected at least ${state.bytes}`, {
          remedy: 'The file has been modified. Start over with --overwrite.',
        })
      }
      await truncate(partial, state.bytes)
      return new BlockJournal<Progress>(path, file, state, /\.gz$/i.test(path))
    } catch (error) {
      throw explain(partial, error)
    }
  }

  /**
   * Appends the lines of a block. Once this resolves, they survive a crash. `progress` receives the number of bytes that
   * the file grew by, and returns the new progress.
   */
  async append(lines: string, progress: (bytes: number) => Progress): Promise<void> {
    assertLocksHeld(this.path)
    try {
      // Concatenated gzip members form a valid gzip file.
      const bytes = this.gzip ? gzipSync(lines) : Buffer.from(lines)
      for (let done = 0; done < bytes.length; ) done += (await this.file.write(bytes, done)).bytesWritten
      await this.file.datasync()
      this.state = { ...this.state, ...progress(bytes.length), bytes: this.state.bytes + bytes.length }
    } catch (error) {
      throw explain(`${this.path}.partial`, error)
    }
    await writeState(this.path, this.state)
  }

  /** Renames the finished file to its final name. */
  async finish(): Promise<void> {
    await this.close()
    assertLocksHeld(this.path)
    if (mayReplace(this.state)) await rename(`${this.path}.partial`, this.path)
    else if (!(await giveNewName(`${this.path}.partial`, this.path))) throw alreadyExists(this.path)
    await this.forget()
  }

  /** Writes the output files, which are made from the lines, and then deletes the lines. */
  async finishAs(files: readonly (readonly [path: string, content: FileData])[]): Promise<void> {
    const overwrite = mayReplace(this.state)
    checkOutputs(
      files.map(([path]) => path),
      { overwrite },
    )
    // If the process is killed from here on, some of the files exist already, and the next process must replace them.
    await writeState(this.path, { ...this.state, replaces: true })
    for (const [path, content] of files) await writeOutput(path, content, { overwrite })
    await this.discard()
  }

  private async discard(): Promise<void> {
    await this.close()
    assertLocksHeld(this.path)
    await rm(`${this.path}.partial`, { force: true })
    await this.forget()
  }

  /** Closes an unfinished file. If it has no lines, it is removed, since there is nothing to resume. */
  async leave(): Promise<void> {
    await this.close()
    if (this.state.bytes > 0) return
    for (const file of [`${this.path}.partial`, `${this.path}.partial.json`]) await rm(file, { force: true })
  }

  private async forget(): Promise<void> {
    await flushFolder(dirname(this.path))
    await rm(`${this.path}.partial.json`, { force: true })
  }

  /** Reads the lines back and parses each of them. */
  readonly lines = (): AsyncGenerator<unknown> => parsedLines(`${this.path}.partial`)

  async close(): Promise<void> {
    await this.file.close()
  }
}

/** Reads and parses the lines of a file that a journal has written without compression. */
export async function* parsedLines(path: string): AsyncGenerator<unknown> {
  const input = createReadStream(path, { encoding: 'utf8' })
  let number = 0
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY }))
    yield parsedLine(line, `${path}: line ${++number}`)
}

function parsedLine(line: string, place: string): unknown {
  try {
    return parseBoundedJson(line)
  } catch (cause) {
    throw new SpanforgeError(`${place}: not valid JSON (${(cause as Error).message})`, {
      remedy: 'The file has been modified. Start over with --overwrite.',
      cause,
    })
  }
}

/** Inputs that can change while their paths stay the same, with their names for messages. */
const CHANGED: Readonly<Record<string, string>> = {
  questions: 'the questions',
  tokenizer: 'the tokenizer',
  config: "the model's configuration",
  weights: "the model's weights",
}

type Inputs = Pick<OwnState, 'settings' | 'digests'>

function rejectOther(path: string, before: Inputs, now: Required<Inputs>): void {
  const changed = before.digests ? differing(before.digests, now.digests) : []
  // If the digests show that the questions are the same, it does not matter which file they are in.
  const names = differing(before.settings, now.settings).filter((name) => name !== 'input' || !before.digests)
  const others = names.filter((name) => !Object.hasOwn(CHANGED, name))
  if (others.length > 0) {
    const shown = others.map(
      (name) => `${showText(name)} ${showValue(now.settings[name])} (was ${showValue(before.settings[name])})`,
    )
    throw new UsageError(
      `${path}: the unfinished file was started with other options: ${shown.join(', ')}`,
      'Use the same options to resume it, or start over with --overwrite.',
    )
  }
  const texts = [...changed, ...names].map((name) => (Object.hasOwn(CHANGED, name) ? CHANGED[name] : showText(name)))
  if (texts.length === 0) return
  throw new SpanforgeError(
    `${path}: cannot resume the unfinished file, because this has changed since it was started: ${texts.join(', ')}`,
    { remedy: 'Restore what has changed, or start over with --overwrite.' },
  )
}

/** The names of the values that differ between two records. */
export function differing(before: Readonly<Record<string, unknown>>, now: Readonly<Record<string, unknown>>): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])]
  return names.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(now[name]))
}

/** Removes temporary files that killed processes left behind. Call it only while holding the lock of the output. */
async function removeLeftovers(path: string): Promise<void> {
  const name = basename(path)
  const isLeft = (other: string) => other.startsWith(`.${name}.partial.json.`)
  for (const left of (await readdir(dirname(path))).filter(isLeft)) await rm(join(dirname(path), left), { force: true })
}
