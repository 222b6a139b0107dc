import { appendFile } from 'node:fs/promises'
import { z } from 'zod'
import { parseBoundedJson } from '../bounded-json.ts'
import { writeFileAtomic } from '../files/atomic.ts'
import { assertLocksHeld } from '../files/lock.ts'
import { readTextFile } from '../files/text-file.ts'
import { showIssues } from '../show-value.ts'
import { recordSchema } from './record-schema.ts'
import type { RunRecord } from './records.ts'

/** Parses a journal and reports its first problem. An incomplete last line, left by a killed process, is ignored. */
export function parseJournal(text: string): { lines: string[]; records: RunRecord[]; problem?: string } {
  const lines = text.split('\n')
  const isCut = lines.pop() !== ''
  const records: RunRecord[] = []
  for (const [i, line] of lines.entries()) {
    try {
      records.push(recordSchema.parse(parseBoundedJson(line)))
    } catch (error) {
      const reason = error instanceof z.ZodError ? showIssues(error.issues) : (error as Error).message
      return { lines: lines.slice(0, i), records, problem: `line ${i + 1}: ${reason}` }
    }
  }
  return {
    lines,
    records,
    ...(isCut && lines.length === 0 && text !== '' && { problem: 'truncated in its first line' }),
  }
}

/** The complete lines of an earlier session's journal, or none if there is no journal. */
export const earlierLines = (path: string): Promise<string[]> =>
  readTextFile(path).then(
    (text) => parseJournal(text).lines,
    () => [],
  )

/**
 * Writes the records of a run to a file, one per line, without delaying the training. A write error is reported once
 * and ends the journal, but not the run.
 */
export class Journal {
  private work: Promise<void> = Promise.resolve()
  private broken = false

  constructor(
    private readonly path: string,
    private readonly onBroken: (error: unknown) => void,
  ) {}

  /** Replaces the content of the file. */
  begin(lines: readonly string[]): void {
    this.queue(() => writeFileAtomic(this.path, asText(lines)))
  }

  append(lines: readonly string[]): void {
    this.queue(async () => {
      assertLocksHeld(this.path)
      await appendFile(this.path, asText(lines))
    })
  }

  /** Resolves when everything has been written. */
  settled(): Promise<void> {
    return this.work
  }

  private queue(write: () => Promise<void>): void {
    this.work = this.work.then(async () => {
      if (this.broken) return
      try {
        await write()
      } catch (error) {
        this.broken = true
        this.onBroken(error)
      }
    })
  }
}

const asText = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('')
