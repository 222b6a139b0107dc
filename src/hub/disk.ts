import { statfs } from 'node:fs/promises'
import { SpanforgeError } from '../errors.ts'

export const readableSize = (bytes: number): string =>
  bytes < 1e6
    ? `${(bytes / 1e3).toFixed(1)} kB`
    : bytes < 1e9
      ? `${(bytes / 1e6).toFixed(1)} MB`
      : `${(bytes / 1e9).toFixed(2)} GB`

const REMEDY = 'Free some space (spanforge cache prune), or set HF_HOME to a folder on a larger disk.'

/** Refuses a download that does not fit, before its first byte. */
export async function checkSpace(folder: string, needed: number): Promise<void> {
  const disk = await statfs(folder).catch(() => undefined)
  const free = disk ? disk.bavail * disk.bsize : Number.POSITIVE_INFINITY
  if (needed <= free) return
  throw new SpanforgeError(`hub: ${readableSize(needed)} are needed in ${folder}, ${readableSize(free)} are free`, {
    remedy: REMEDY,
  })
}

/** Says what a failed write means, and how to go on. */
export function diskError(path: string, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException
  // Only those of the system: what was aborted has a number for a code.
  if (error instanceof SpanforgeError || typeof code !== 'string') return error
  const full = code === 'ENOSPC' || code === 'EDQUOT'
  const remedy = full ? `${REMEDY} What has come so far is kept.` : 'Set HF_HOME to a folder that may be written to.'
  return new SpanforgeError(`hub: ${path}: ${full ? 'the disk is full' : 'cannot be written'} (${message})`, {
    remedy,
    cause: error,
  })
}
