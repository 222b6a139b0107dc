import { join } from 'node:path'
import type { FileData } from '../../files/atomic.ts'
import { runQaFile } from '../../squad/python/run-qa-files.ts'
import { EVALUATION_FILES } from '../run-files.ts'
import type { RunQaLine } from './predict-lines.ts'

/** The paths of run_qa's files. The first one is written last. */
export function runQaPaths(folder: string, version_2_with_negative = false): string[] {
  const { predictions, nbest_predictions, null_odds } = EVALUATION_FILES
  const names = [predictions, nbest_predictions, ...(version_2_with_negative ? [null_odds] : [])]
  return names.map((name) => join(folder, name))
}

/** The contents of run_qa's files, in the order of writing. Questions that failed are left out. */
export function runQaContents(
  lines: () => AsyncIterable<unknown>,
  [predictions, nbest, odds]: readonly string[],
): (readonly [path: string, content: FileData])[] {
  const file = (path: string, take: (line: RunQaLine) => unknown) => {
    const entries = async function* () {
      for await (const line of lines() as AsyncIterable<RunQaLine>) if (line.nbest) yield [line.id, take(line)] as const
    }
    return [path, encoded(runQaFile(entries()))] as const
  }
  return [
    file(nbest, (line) => line.nbest),
    ...(odds ? [file(odds, (line) => line.null_odds)] : []),
    // Written last, because the presence of this file marks the prediction as complete.
    file(predictions, (line) => line.prediction),
  ]
}

const PIECE = 2 ** 20

async function* encoded(pieces: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  let text = ''
  for await (const piece of pieces) {
    text += piece
    if (text.length < PIECE) continue
    yield Buffer.from(text)
    text = ''
  }
  yield Buffer.from(text)
}
