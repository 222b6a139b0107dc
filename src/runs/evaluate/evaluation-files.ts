import { join } from 'node:path'
import { type OutputOptions, writeOutput } from '../../files/output.ts'
import type { ExampleAnswers } from '../../squad/answers/answers.ts'
import type { RunQaPredictions } from '../../squad/python/postprocess-run-qa.ts'
import { runQaFiles } from '../../squad/python/run-qa-files.ts'
import type { Example } from '../../squad/types.ts'
import { EVALUATION_FILES } from '../run-files.ts'
import { jsonBeside } from './evaluation-report.ts'

/** Converts answers to run_qa's format. Probabilities are normalized over all spans, not only over the n best. */
export function exactPredictions(
  examples: readonly Example[],
  answers: readonly ExampleAnswers[],
  version_2_with_negative: boolean,
): RunQaPredictions {
  const byId = <T>(take: (answers: ExampleAnswers) => T) => new Map(examples.map(({ id }, i) => [id, take(answers[i])]))
  return {
    predictions: byId(({ candidates }) => candidates[0].answer),
    nbest_predictions: byId(({ candidates }) =>
      candidates.map(({ answer, start_logit, end_logit, score }) => ({
        text: answer,
        start_logit,
        end_logit,
        probability: score,
      })),
    ),
    ...(version_2_with_negative && { null_odds: byId(({ null_odds }) => null_odds) }),
  }
}

export interface EvaluationPlaces extends OutputOptions {
  readonly output_dir?: string
  readonly report?: string
}

/** Paths of all files that an evaluation may write. */
export const evaluationOutputs = ({ output_dir, report }: EvaluationPlaces): string[] => [
  ...(output_dir === undefined ? [] : Object.values(EVALUATION_FILES).map((name) => join(output_dir, name))),
  ...(report === undefined ? [] : [report, jsonBeside(report)]),
]

/** Writes predictions.json, nbest_predictions.json, null_odds.json and eval_results.json; returns their paths. */
export async function writeEvaluation(
  folder: string,
  predictions: RunQaPredictions,
  results: object,
  options: OutputOptions,
): Promise<string[]> {
  const files = { ...runQaFiles(predictions), [EVALUATION_FILES.results]: `${JSON.stringify(results, null, 2)}\n` }
  for (const [name, content] of Object.entries(files)) await writeOutput(join(folder, name), content, options)
  return Object.keys(files).map((name) => join(folder, name))
}
