import { rm } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import type { ClozeOptions } from '../../cloze/cloze-examples.ts'
import { writeExamples } from '../../data/write-examples.ts'
import { packageVersion } from '../../package-root.ts'
import { writeJson } from '../run-files.ts'
import { type AdaptationRecord, adaptationFiles } from '../train/adaptation-record.ts'
import type { MadeExamples } from './make-examples.ts'

/** Writes the examples, and then their record, whose existence means that they are complete. */
export async function writeAdaptation(
  output_dir: string,
  { train, held_out, held_out_by, counts, digest }: MadeExamples,
  { sources, seed, style }: Pick<ClozeOptions, 'seed' | 'style'> & { readonly sources: readonly string[] },
): Promise<AdaptationRecord> {
  const record: AdaptationRecord = {
    sources: sources.map((source) => basename(resolve(source))),
    ...counts,
    train: train.length,
    held_out: held_out.length,
    held_out_by,
    question_style: style,
    seed,
    digest,
    spanforge: packageVersion(),
  }
  const files = adaptationFiles(output_dir)
  await rm(files.record, { force: true })
  await writeExamples(files.train, train, { overwrite: true })
  if (held_out.length > 0) await writeExamples(files.held_out, held_out, { overwrite: true })
  await writeJson(files.record, record)
  return record
}
