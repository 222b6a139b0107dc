import { basename } from 'node:path'
import type { FittedConfidence } from '../analysis/fit-confidence.ts'
import type { Evaluation } from '../inference/evaluate.ts'
import type { Dataset } from '../squad/dataset.ts'
import { writeFile } from './run-files.ts'

/** Candidates that the page shows of each question. */
const SHOWN = 5

/** Writes the error analysis as a page, and as JSON beside it; returns their paths. */
export async function writeAnalysis(
  path: string,
  { examples, windows }: Dataset,
  { answers, scores }: Evaluation,
  { model, data, eval_loss }: { readonly model: string; readonly data: string; readonly eval_loss: number },
  calibrated: FittedConfidence | undefined,
): Promise<string[]> {
  // Loaded now only: the drawing libraries take longer to start than the rest of the command.
  const { analyse, analysisHtml } = await import('../analysis/index.ts')
  const analysis = analyse({
    model,
    data: basename(data),
    examples,
    windows,
    answers: answers.map(({ candidates, ...rest }) => ({ ...rest, candidates: candidates.slice(0, SHOWN) })),
    scores,
    loss: eval_loss,
    calibrated,
  })
  const json = path.replace(/\.html?$/i, '.json')
  await writeFile(path, analysisHtml(analysis))
  await writeFile(json, `${JSON.stringify(analysis)}\n`)
  return [path, json]
}
