import { join } from 'node:path'
import { evaluate } from '../inference/evaluate.ts'
import { closing } from '../report/closing.ts'
import type { PreparedRun } from './prepare.ts'
import { type AllResults, type Results, writeResults } from './results.ts'
import {
  ARGUMENTS_FILE,
  LOG_FILE,
  MODEL_FILES,
  REPORT_FILES,
  RESULT_FILES,
  savedFiles,
  savePretrained,
  writeFile,
} from './run-files.ts'
import type { LoopOutcome } from './run-loop.ts'
import type { Screen } from './screen.ts'
import { runSummary } from './summary.ts'

export interface FinishOptions {
  readonly screen: Screen
  readonly onEvaluating: (done: number) => void
}

/** Evaluates the model that the run ended with, saves it with its results and its report, and shows the closing. */
export async function finishRun(
  run: PreparedRun,
  outcome: Extract<LoopOutcome, { status: 'finished' }>,
  { screen, onEvaluating }: FinishOptions,
): Promise<AllResults> {
  const { args, loaded, validation, train } = run
  const { output_dir, per_device_eval_batch_size: batch_size } = args
  const metrics =
    validation &&
    (outcome.evaluation ??
      (await evaluate(loaded.model, validation, { ...args, batch_size, onProgress: onEvaluating })).metrics)
  const results: Results = {
    train: { ...outcome.metrics, train_samples: train.windows.length },
    ...(metrics && { evaluation: { ...metrics, eval_samples: validation!.windows.length } }),
  }
  await savePretrained(output_dir, loaded.model, loaded.tokenizer)
  const all = await writeResults(output_dir, results, outcome.state)
  const written = [...MODEL_FILES, ARGUMENTS_FILE, ...RESULT_FILES, LOG_FILE]
  // Loaded now only: the drawing libraries take longer to start than the rest of the command.
  const { runReport } = await import('../report/run-report.ts')
  const report = runReport(runSummary(run, outcome.state, results, await savedFiles(output_dir, written)))
  for (const { name, content } of report) await writeFile(join(output_dir, name), content)
  const files = await savedFiles(output_dir, [...written, ...REPORT_FILES])
  screen.show(closing(runSummary(run, outcome.state, results, files)))
  return all
}
