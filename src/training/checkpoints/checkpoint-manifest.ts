import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { parseBoundedJson } from '../../bounded-json.ts'
import { writeFileAtomic } from '../../files/atomic.ts'
import { readTextFile } from '../../files/text-file.ts'
import { showIssues } from '../../show-value.ts'

export const MANIFEST = 'manifest.json'

/** Accepts only files directly in the checkpoint folder, because a manifest is untrusted data. */
export const isPlainName = (name: string): boolean => name !== MANIFEST && /^[\w-][\w.-]*$/.test(name)

const manifest = z.object({
  step: z.int().min(0),
  files: z.record(
    z.string().refine(isPlainName),
    z.object({ size: z.int().min(0), sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
  ),
})

/**
 * Flushes the files to disk and then writes the manifest with their sizes and SHA-256 hashes. A folder with a matching
 * manifest is complete.
 */
export async function writeCheckpointManifest(folder: string, step: number, names: readonly string[]): Promise<void> {
  const files: z.output<typeof manifest>['files'] = {}
  for (const name of names) {
    const path = join(folder, name)
    await flushFile(path)
    files[name] = { size: (await stat(path)).size, sha256: await sha256Of(path) }
  }
  await writeFileAtomic(join(folder, MANIFEST), `${JSON.stringify(manifest.parse({ step, files }), null, 2)}\n`)
}

/** Returns why a checkpoint is invalid, or null if all files match the manifest. */
export async function verifyCheckpoint(folder: string): Promise<string | null> {
  let expected: z.output<typeof manifest>
  try {
    expected = manifest.parse(parseBoundedJson(await readTextFile(join(folder, MANIFEST))))
  } catch (error) {
    if (isMissing(error)) return `${MANIFEST} is missing: the checkpoint is incomplete`
    return `${MANIFEST} is corrupted (${error instanceof z.ZodError ? showIssues(error.issues) : (error as Error).message})`
  }
  for (const [name, { size, sha256 }] of Object.entries(expected.files)) {
    const path = join(folder, name)
    try {
      const found = (await stat(path)).size
      if (found !== size) return `${name} has ${found} bytes instead of ${size}`
      if ((await sha256Of(path)) !== sha256) return `${name} is corrupted: its SHA-256 does not match ${MANIFEST}`
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return `${name} is missing`
      return `${name} cannot be read (${(error as Error).message})`
    }
  }
  return null
}

/** Whether a file does not exist. The system error may be wrapped in one of ours. */
const isMissing = (error: unknown): boolean =>
  ((error as Error).cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT'

export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) hash.update(chunk)
  return hash.digest('hex')
}

async function flushFile(path: string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
