import { basename } from 'node:path'
import type { FittedConfidences } from '../../analysis/confidence.ts'
import { type OutputOptions, writeOutput } from '../../files/output.ts'
import type { Evaluation } from '../../inference/evaluate.ts'
import type { Dataset } from '../../squad/dataset.ts'

/** Number of candidates that the page shows for each question. */
const SHOWN = 5

/** The path of a report's JSON file. */
export const jsonBeside = (report: string): string => report.replace(/\.html?$/i, '.json')

interface Evaluated {
  readonly model: string
  readonly data: string
  readonly eval_loss: number
  readonly null_score_diff_threshold?: number
}

/** Writes the error analysis as a page, and as JSON beside it; returns their paths. */
export async function writeAnalysis(
  path: string,
  { examples, windows }: Dataset,
  { answers, scores }: Evaluation,
  { model, data, eval_loss, null_score_diff_threshold }: Evaluated,
  calibrated: FittedConfidences | undefined,
  options: OutputOptions,
): Promise<string[]> {
  // Imported only when needed: the plotting libraries take longer to load than the rest of the command.
  const [{ analyze }, { analysisHtml }] = await Promise.all([
    import('../../analysis/analyze.ts'),
    import('../../analysis/page/html.ts'),
  ])
  const analysis = analyze({
    model,
    data: basename(data),
    examples,
    windows,
    answers: answers.map(({ candidates, ...rest }) => ({ ...rest, candidates: candidates.slice(0, SHOWN) })),
    scores,
    loss: eval_loss,
    null_score_diff_threshold,
    calibrated,
  })
  const json = jsonBeside(path)
  await writeOutput(path, analysisHtml(analysis), options)
  await writeOutput(json, `${JSON.stringify(analysis)}\n`, options)
  return [path, json]
}
