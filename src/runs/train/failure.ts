import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { SpanforgeError } from '../../errors.ts'
import { assertLocksHeld } from '../../files/lock.ts'
import { failureReport } from '../../report/failure-report.ts'
import { runOrigin } from './origin.ts'
import type { PreparedRun } from './prepare.ts'
import { FAILURE_FILE, REPORT_FILES, writeFile, writeJson } from './run-files.ts'

const [REPORT] = REPORT_FILES

/**
 * Leaves the reason in the folder: as JSON for the dashboard and for a sweep, as a page for people, in the place of the
 * report of an earlier success. Does nothing more where it cannot write, as on a full disk.
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

/** Removes what an earlier session left when it failed. */
export async function clearFailure(output_dir: string): Promise<void> {
  const failure = join(output_dir, FAILURE_FILE)
  if (!existsSync(failure)) return
  await rm(join(output_dir, REPORT), { force: true })
  await rm(failure, { force: true })
}
