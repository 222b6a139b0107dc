import { statfs } from 'node:fs/promises'
import { SpanforgeError } from '../../errors.ts'
import { WriteError } from '../../files/explain.ts'

export const readableSize = (bytes: number): string =>
  bytes < 1e6
    ? `${(bytes / 1e3).toFixed(1)} kB`
    : bytes < 1e9
      ? `${(bytes / 1e6).toFixed(1)} MB`
      : `${(bytes / 1e9).toFixed(2)} GB`

const REMEDY = 'Free some space (spanforge cache prune), or set HF_HOME to a folder on a larger disk.'

/** Throws before a download starts if the disk does not have enough free space for it. */
export async function checkSpace(folder: string, needed: number): Promise<void> {
  const disk = await statfs(folder).catch(() => undefined)
  const free = disk ? disk.bavail * disk.bsize : Number.POSITIVE_INFINITY
  if (needed <= free) return
  throw new SpanforgeError(`hub: ${folder}: ${readableSize(needed)} are required, ${readableSize(free)} are free`, {
    remedy: REMEDY,
  })
}

/** Turns the error of a failed write into one that explains the cause and the remedy. */
export function diskError(path: string, error: unknown): unknown {
  const cause = error instanceof WriteError ? error.cause : error
  const { code, message } = cause as NodeJS.ErrnoException
  // System errors have a string as their code; an AbortError has a number.
  if (cause instanceof SpanforgeError || typeof code !== 'string') return error
  const full = code === 'ENOSPC' || code === 'EDQUOT'
  const remedy = full
    ? `${REMEDY} The partial download is kept and will be resumed.`
    : 'Set HF_HOME to a writable folder.'
  return new SpanforgeError(`hub: ${path}: ${full ? 'the disk is full' : 'cannot be written'} (${message})`, {
    remedy,
    cause,
  })
}
