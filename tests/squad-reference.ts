import { readFileSync } from 'node:fs'
import type { WindowLogits } from '../src/squad/answers/document-logits.ts'
import type { Example, Window } from '../src/squad/types.ts'

/** Readers for the recorded windows and logits of reference/postprocess. All windows have 384 positions. */

export const readJson = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8')) as T

interface RecordedExample {
  readonly id: string
  readonly question: string
  readonly context: string
  readonly answers: { readonly text: string[]; readonly answer_start: number[] }
  readonly file: string
}

export function readExamples(path: string): (Example & { readonly file: string })[] {
  return readJson<RecordedExample[]>(path).map(({ answers, ...rest }) => ({
    ...rest,
    answers: answers.text.map((text, i) => ({ text, answer_start: answers.answer_start[i] })),
  }))
}

interface RecordedWindow {
  readonly example_id: string
  readonly input_ids: number[]
  readonly offsets_utf16: ([number, number] | null)[]
}

/** The windows of those examples; the offsets of other tokens are null there. */
export function readWindows(path: string, examples: readonly Example[]): Window[] {
  const indexOf = new Map(examples.map(({ id }, index) => [id, index]))
  return readJson<RecordedWindow[]>(path).map(({ example_id, input_ids, offsets_utf16 }) => ({
    example: indexOf.get(example_id)!,
    input_ids: Int32Array.from(input_ids),
    context_start: offsets_utf16.findIndex((offset) => offset !== null),
    context_end: offsets_utf16.findLastIndex((offset) => offset !== null) + 1,
    offsets: Int32Array.from(offsets_utf16.flatMap((offset) => offset ?? [0, 0])),
  }))
}

const LENGTH = 384

/** Logits of each window, including those of its padding unless `realTokens` is given. */
export function readLogits(path: string, realTokens?: readonly Window[]): WindowLogits[] {
  const tensors = readTensors(path)
  const windows = tensors.start_logits.length / LENGTH
  return Array.from({ length: windows }, (_, i) => {
    const end = i * LENGTH + (realTokens?.[i].input_ids.length ?? LENGTH)
    return {
      start_logits: tensors.start_logits.subarray(i * LENGTH, end),
      end_logits: tensors.end_logits.subarray(i * LENGTH, end),
    }
  })
}

/** The float32 tensors of a safetensors file written by these tests, without any checks. */
function readTensors(path: string): Record<string, Float32Array> {
  const bytes = readFileSync(path)
  const data = 8 + Number(bytes.readBigUInt64LE(0))
  const header = JSON.parse(bytes.toString('utf8', 8, data)) as Record<
    string,
    { dtype: string; data_offsets: number[] }
  >
  const floats = Object.entries(header).filter(([, { dtype }]) => dtype === 'F32')
  return Object.fromEntries(
    floats.map(
      ([
        name,
        {
          data_offsets: [start, end],
        },
      ]) => [name, new Float32Array(new Uint8Array(bytes.subarray(data + start, data + end)).buffer)],
    ),
  )
}
