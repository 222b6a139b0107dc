import { join } from 'node:path'
import { type AnswerSettings, saveAnswerSettings } from '../../checkpoint/answer-settings.ts'
import { modelCard } from '../../hub/push/model-card.ts'
import type { Evaluation } from '../../inference/evaluate.ts'
import { onFirst, type Ranks } from '../../ranks/ranks.ts'
import { closing } from '../../report/blocks/closing.ts'
import { chooseExamples } from '../../report/blocks/examples.ts'
import type { RunSummary } from '../../report/summary/run.ts'
import type { Dataset } from '../../squad/dataset.ts'
import { scoreIntervals } from '../../squad/metrics/bootstrap.ts'
import { evaluateOnScreen } from '../evaluate/evaluate-model.ts'
import { fitSettings, fittedNote } from '../evaluate/fit-settings.ts'
import {
  ARGUMENTS_FILE,
  CARD_FILE,
  DIGESTS_FILE,
  LOG_FILE,
  MODEL_FILES,
  REPORT_FILES,
  RESULT_FILES,
  runOrigin,
  savedFiles,
  savePretrained,
  writeFile,
  writeJson,
} from '../run-files.ts'
import type { Screen } from '../screen/screen.ts'
import { cardSummary } from './model-card.ts'
import type { PreparedRun } from './prepare.ts'
import { type AllResults, type Results, writeResults } from './results.ts'
import type { LoopOutcome } from './run-loop.ts'
import { runSummary } from './summary.ts'

export interface FinishOptions {
  readonly screen: Screen
  /** The command line that started the run. */
  readonly command?: string
  /** The processes of the run, which evaluate together. The first one writes the files. */
  readonly ranks?: Ranks
}

type Finished = Extract<LoopOutcome, { status: 'finished' }>

/** Evaluates the final model, saves it with its results and report, and shows the closing report. */
export async function finishRun(run: PreparedRun, outcome: Finished, options: FinishOptions): Promise<AllResults> {
  const { args, loaded, validation } = run
  const { screen, ranks } = options
  const shared = { ...args, batch_size: args.per_device_eval_batch_size, share: ranks }
  const evaluation =
    validation &&
    (outcome.evaluation ?? (await evaluateOnScreen(screen, 'Evaluating', loaded.model, validation, shared)))
  await onFirst(ranks, () => savePretrained(args.output_dir, loaded.model, loaded.tokenizer))
  if (!evaluation) return onFirst(ranks, () => writeResultsOf(run, outcome, undefined, options))
  const data = args.validation_file ?? args.dataset ?? ''
  const { settings } = await fitSettings(validation, evaluation, { ...args, data }, loaded, { screen, share: ranks })
  return onFirst(ranks, () => writeResultsOf(run, outcome, { evaluation, settings }, options))
}

interface Evaluated {
  readonly evaluation: Evaluation
  readonly settings: AnswerSettings
}

/** Writes the results and the report, and shows the closing report. */
async function writeResultsOf(
  run: PreparedRun,
  outcome: Finished,
  evaluated: Evaluated | undefined,
  { screen, command }: FinishOptions,
): Promise<AllResults> {
  const { args, validation, train } = run
  const { output_dir } = args
  const { evaluation } = evaluated ?? {}
  const results: Results = {
    train: { ...outcome.metrics, train_samples: train.windows.length },
    ...(evaluation && { evaluation: { ...evaluation.metrics, eval_samples: validation!.windows.length } }),
  }
  const settings = evaluated?.settings ?? run.answer_settings
  if (settings) await saveAnswerSettings(output_dir, settings)
  if (evaluated) screen.print(fittedNote(evaluated.settings, validation!))
  await writeJson(join(output_dir, DIGESTS_FILE), run.digests)
  const all = await writeResults(output_dir, results, outcome.state)
  const written = [...MODEL_FILES, ARGUMENTS_FILE, ...RESULT_FILES, LOG_FILE]
  // Imported only when needed: the plotting libraries take longer to load than the rest of the command.
  const { runReport } = await import('../../report/run-report.ts')
  const summary = runSummary(run, outcome.state, results, {
    saved_files: await savedFiles(output_dir, written),
    score_intervals: outcome.score_intervals,
    ...(evaluation && reported(validation!, evaluation)),
    origin: runOrigin(command),
  })
  const card = { name: CARD_FILE, content: modelCard(await cardSummary(run, summary)) }
  for (const { name, content } of [...runReport(summary), card]) await writeFile(join(output_dir, name), content)
  const saved_files = await savedFiles(output_dir, [...written, ...REPORT_FILES, CARD_FILE])
  screen.show(closing({ ...summary, saved_files }))
  return all
}

/** Intervals and example answers of the saved model's evaluation, for the report. */
function reported(
  { examples }: Dataset,
  { answers, scores }: Evaluation,
): Pick<RunSummary, 'eval_intervals' | 'examples'> {
  const shown = examples.map(({ question, answers: correct }, i) => ({
    question,
    answer: answers[i].candidates[0].answer,
    correct: correct.map(({ text }) => text),
    ...scores[i],
  }))
  return { eval_intervals: scoreIntervals(scores), examples: chooseExamples(shown) }
}
