import { join } from 'node:path'
import type { ExampleAnswers } from '../squad/answers.ts'
import type { RunQaPredictions } from '../squad/postprocess-run-qa.ts'
import { runQaFiles } from '../squad/run-qa-files.ts'
import type { Example } from '../squad/types.ts'
import { writeFile, writeJson } from './run-files.ts'

/** The answers in the shape of run_qa's; the probabilities are those among all spans, not among the n best. */
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

/** predictions.json, nbest_predictions.json, null_odds.json and eval_results.json; returns their paths. */
export async function writeEvaluation(
  folder: string,
  predictions: RunQaPredictions,
  results: object,
): Promise<string[]> {
  const files = Object.entries(runQaFiles(predictions))
  for (const [name, content] of files) await writeFile(join(folder, name), content)
  await writeJson(join(folder, 'eval_results.json'), results)
  return [...files.map(([name]) => name), 'eval_results.json'].map((name) => join(folder, name))
}
