import { existsSync, statSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { SpanforgeError, UsageError } from '../../errors.ts'
import { readJsonFile } from '../../files/text-file.ts'
import { packageVersion } from '../../package-root.ts'
import { showIssues, showList, showText, showValue } from '../../show-value.ts'
import { sha256Of } from '../../training/checkpoints/checkpoint-manifest.ts'
import { writeJson } from '../run-files.ts'
import { differing } from './block-journal.ts'
import { showShard } from './shard.ts'

const COUNT = z.int().nonnegative()

const MANIFEST = z.object({
  spanforge: z.string(),
  command: z.enum(['predict', 'evaluate', 'sweep']),
  shard: z.object({ index: z.int().positive(), count: z.int().positive() }),
  /** Everything that the result depends on apart from `digests`; equal in all shards. */
  settings: z.record(z.string(), z.unknown()),
  /** Digests of the data and the model; equal in all shards. */
  digests: z.record(z.string(), z.string()),
  /** Number of units into which the whole job is divided. */
  units: COUNT,
  /** SHA-256 of the shard's lines, which are in the file next to the manifest. */
  sha256: z.string().optional(),
  /** Further facts, which depend on the command. */
  facts: z.record(z.string(), z.unknown()),
})

/** The description of a complete shard, written next to its lines under their name with `.json`. */
export type ShardManifest = Readonly<z.output<typeof MANIFEST>>

/** A complete shard that was found. */
export interface FoundShard extends ShardManifest {
  readonly manifest: string
  /** Path of the shard's lines. */
  readonly lines: string
}

export const manifestPath = (lines: string): string => `${lines}.json`

/** Writes the manifest of a complete shard, before its lines get their final name. */
export const writeShardManifest = (lines: string, manifest: Omit<ShardManifest, 'spanforge'>): Promise<void> =>
  writeJson(manifestPath(lines), { spanforge: packageVersion(), ...manifest })

type Inputs = Pick<ShardManifest, 'settings' | 'digests'>

/**
 * Returns the manifest of a shard that is already complete, so that a repeated task has nothing to do.
 * @throws UsageError if it was computed from something else
 */
export async function completeShard(lines: string, inputs: Inputs): Promise<FoundShard | undefined> {
  if (!existsSync(lines) || !existsSync(manifestPath(lines))) return undefined
  const found = await readManifest(manifestPath(lines))
  if (found.sha256 !== (await sha256Of(lines))) return undefined
  const differences = differingInputs(found, { ...inputs, spanforge: packageVersion() })
  if (differences.length === 0) {
    // The process may have been killed before it removed this file.
    await rm(`${lines}.partial.json`, { force: true })
    return found
  }
  throw new UsageError(
    `${lines}: this shard is complete, but was computed with other inputs: ${showList(differences, 5)}`,
    'Write to another file, or replace it with --overwrite.',
  )
}

/** In words, the inputs that differ between two shards. */
function differingInputs(a: Inputs & { spanforge: string }, b: Inputs & { spanforge: string }): string[] {
  return [
    ...(a.spanforge === b.spanforge ? [] : [`spanforge ${showText(a.spanforge)} and ${showText(b.spanforge)}`]),
    ...differing(a.digests, b.digests).map((name) => `other ${showText(name)}`),
    ...differing(a.settings, b.settings).map(
      (name) => `${showText(name)} ${showValue(a.settings[name])} and ${showValue(b.settings[name])}`,
    ),
  ]
}

async function readManifest(path: string): Promise<FoundShard> {
  if (!existsSync(path))
    throw new SpanforgeError(`${path.replace(/\.json$/, '')}: not a complete shard, because ${path} is missing`, {
      remedy: 'Run its command, which resumes where it was interrupted, or copy both files.',
    })
  const parsed = MANIFEST.safeParse(await readJsonFile(path))
  if (parsed.success) return { ...parsed.data, manifest: path, lines: path.replace(/\.json$/, '') }
  throw new SpanforgeError(
    `${path}: cannot be read as the description of a shard: ${showIssues(parsed.error.issues)}`,
    {
      remedy: 'Compute the shard again with its command and --overwrite, or leave out this file.',
    },
  )
}

/** Reads a part of a manifest whose content depends on the command. */
export function partOf<T>({ manifest, ...shard }: FoundShard, name: 'settings' | 'facts', schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(shard[name])
  if (parsed.success) return parsed.data
  throw modified(`${manifest}: invalid ${name}: ${showIssues(parsed.error.issues)}`)
}

/** The error for a shard file whose content makes no sense. */
export const modified = (summary: string, cause?: unknown): SpanforgeError =>
  new SpanforgeError(summary, { remedy: 'The file has been modified. Compute the shard again.', cause })

const MANIFEST_NAME = /^shard-\d+-of-\d+\..+\.json$/
const isManifest = (name: string): boolean => MANIFEST_NAME.test(name) && !name.endsWith('.partial.json')

/**
 * Finds the shards of an output: those in `given`, which are files or folders, or those next to the output or in it.
 * @throws UsageError if there are none
 */
export async function findShards(output: string, given: readonly string[]): Promise<FoundShard[]> {
  const paths = given.length > 0 ? (await Promise.all(given.map(manifestsIn))).flat() : await manifestsOf(output)
  if (paths.length === 0)
    throw new UsageError(
      `${given.length > 0 ? showList(given, 3) : output}: found no complete shards`,
      'Give the --output or --output_dir of the commands that computed them, or the shard files after it.',
    )
  return Promise.all(paths.map(readManifest))
}

async function manifestsOf(output: string): Promise<string[]> {
  if (statSync(output, { throwIfNoEntry: false })?.isDirectory()) return manifestsIn(output)
  const own = (name: string) => name.replace(/^shard-\d+-of-\d+\./, '') === `${basename(output)}.json`
  const folder = dirname(output)
  return existsSync(folder) ? (await manifestsIn(folder)).filter((path) => own(basename(path))) : []
}

async function manifestsIn(path: string): Promise<string[]> {
  const found = statSync(path, { throwIfNoEntry: false })
  if (!found) throw new UsageError(`${path}: no such file or folder`, 'Expected shard files, or folders with them.')
  if (found.isDirectory())
    return (await readdir(path))
      .filter(isManifest)
      .sort()
      .map((name) => join(path, name))
  return [isManifest(basename(path)) ? path : manifestPath(path)]
}

/**
 * Checks that these are all shards of one job, and that none has changed since it was written. Returns them in order.
 * @throws SpanforgeError for a missing, repeated, foreign or changed shard
 */
export async function checkShards(found: readonly FoundShard[]): Promise<FoundShard[]> {
  const shards = [...found].sort((a, b) => a.shard.index - b.shard.index)
  const [first] = shards
  for (const other of shards) {
    if (other.command !== first.command)
      throw foreign(first, other, [`"${first.command}" and "${other.command}"`], 'computed by different commands')
    if (other.shard.count !== first.shard.count)
      throw foreign(first, other, [showShard(first.shard), showShard(other.shard)], 'parts of different divisions')
  }
  for (const [i, other] of shards.entries())
    if (i > 0 && other.shard.index === shards[i - 1].shard.index)
      throw new SpanforgeError(
        `shard ${showShard(other.shard)} is given twice: ${shards[i - 1].lines} and ${other.lines}`,
        { remedy: 'Remove one of them, or list the shard files that belong together.' },
      )
  rejectMissing(shards)
  for (const other of shards) {
    const differences = differingInputs(first, other)
    if (other.units !== first.units) differences.push(`${first.units} and ${other.units} units of work`)
    if (differences.length > 0) throw foreign(first, other, differences, 'computed from different inputs')
  }
  for (const shard of shards) await rejectChanged(shard)
  return shards
}

const foreign = (a: FoundShard, b: FoundShard, differences: readonly string[], what: string): SpanforgeError =>
  new SpanforgeError(`${a.lines} and ${b.lines} are ${what}: ${showList(differences, 5)}`, {
    remedy: 'Merge only shards of the same command with the same model, data and options. Compute the others again.',
  })

function rejectMissing(shards: readonly FoundShard[]): void {
  const { count } = shards[0].shard
  const present = new Set(shards.map(({ shard }) => shard.index))
  const missing = Array.from({ length: count }, (_, i) => i + 1).filter((index) => !present.has(index))
  if (missing.length === 0) return
  const names = showList(
    missing.map((index) => showShard({ index, count })),
    10,
  )
  throw new SpanforgeError(
    `${missing.length} of ${count} shards ${missing.length === 1 ? 'is' : 'are'} missing or unfinished: ${names}`,
    { remedy: 'Run their commands, which resume where they were interrupted, and merge again.' },
  )
}

async function rejectChanged({ lines, sha256, shard }: FoundShard): Promise<void> {
  if (sha256 === undefined) return
  const isThere = existsSync(lines)
  if (isThere && (await sha256Of(lines)) === sha256) return
  throw new SpanforgeError(
    `${lines}: ${isThere ? `has changed since shard ${showShard(shard)} was computed` : `the lines of shard ${showShard(shard)} are missing`}`,
    { remedy: 'Copy the file again from where it was computed, or compute the shard again with --overwrite.' },
  )
}
