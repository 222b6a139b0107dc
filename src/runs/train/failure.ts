import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { SpanforgeError } from '../../errors.ts'
import { assertLocksHeld } from '../../files/lock.ts'
import { failureReport } from '../../report/run-report.ts'
import { FAILURE_FILE, REPORT_FILES, runOrigin, writeFile, writeJson } from '../run-files.ts'
import type { PreparedRun } from './prepare.ts'

const [REPORT] = REPORT_FILES

/**
 * Writes the reason of a failure to the output folder: as JSON for the dashboard and sweeps, and as a page that replaces
 * the report of an earlier success. Errors are ignored, for example if the disk is full.
 */
export async function noteFailure({ args, loaded }: PreparedRun, error: unknown, command?: string): Promise<void> {
  const { output_dir } = args
  const origin = runOrigin(command)
  const { message, summary = message, remedy } = partsOf(error)
  try {
    // Skip if another process has taken over the folder.
    assertLocksHeld(join(output_dir, FAILURE_FILE))
    for (const name of REPORT_FILES) await rm(join(output_dir, name), { force: true })
    await writeJson(join(output_dir, FAILURE_FILE), { error: message, at: origin.ended })
    await writeFile(join(output_dir, REPORT), failureReport({ model: loaded.name, error: summary, remedy, origin }))
  } catch {
    // The error that ended the run is the one to report.
  }
}

interface ErrorParts {
  readonly message: string
  readonly summary?: string
  readonly remedy?: string
}

function partsOf(error: unknown): ErrorParts {
  if (error instanceof SpanforgeError)
    return { message: error.message, summary: error.summary, remedy: error.options.remedy }
  return { message: error instanceof Error ? error.message : String(error) }
}

/** Removes the files of an earlier failure. */
export async function clearFailure(output_dir: string): Promise<void> {
  const failure = join(output_dir, FAILURE_FILE)
  if (!existsSync(failure)) return
  await rm(join(output_dir, REPORT), { force: true })
  await rm(failure, { force: true })
}
