/** export.json: which model an exported folder contains, and how its variants compare with it. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { parseBoundedJson } from '../bounded-json.ts'
import { EXPORT_DTYPES, EXPORT_RECORD_FILE } from '../checkpoint/onnx-folder.ts'
import { variantFigures } from './gate/figures.ts'

const recordedVariant = z.object({
  dtype: z.enum(EXPORT_DTYPES as [(typeof EXPORT_DTYPES)[number]]),
  file: z.string(),
  external_data: z.string().optional(),
  bytes: z.number(),
  /** Size relative to fp32. */
  share: z.number(),
  kept: z.array(z.string()).readonly(),
  ...variantFigures.partial().shape,
})

const exportRecord = z.object({
  /** SHA-256 of the weights of the model that was exported. */
  weights: z.string(),
  variants: z.array(recordedVariant),
  /** Variants that were not written because of their objections. */
  rejected: z.array(recordedVariant),
})

export type RecordedVariant = Readonly<z.output<typeof recordedVariant>>
export type ExportRecord = Readonly<z.output<typeof exportRecord>>

/** Largest record that is read. */
const MAX_LENGTH = 2 ** 22

/** Reads the record of an exported folder. Returns undefined if there is none, or a file that is not a record. */
export async function readExportRecord(folder: string): Promise<ExportRecord | undefined> {
  const text = await readFile(join(folder, EXPORT_RECORD_FILE), 'utf8').catch(() => undefined)
  if (text === undefined || text.length > MAX_LENGTH) return undefined
  try {
    return exportRecord.safeParse(parseBoundedJson(text, { values: 100_000 })).data
  } catch {
    return undefined
  }
}
