import { closing, learningCurveFile } from './blocks/closing.ts'
import { exampleBlocks } from './blocks/examples.ts'
import { opening, originFacts } from './blocks/opening.ts'
import { learningCurve } from './plots/learning-curve.ts'
import { toPng } from './plots/to-png.ts'
import { type Block, facts, heading, literal, type NamedValue, paragraph } from './render/document.ts'
import { count, counted, decimal, duration, percentScore } from './render/format.ts'
import { renderHtml } from './render/html.ts'
import { renderMarkdown } from './render/markdown.ts'
import { totalParameters } from './summary/architecture.ts'
import { bestPoint, placeOf } from './summary/history.ts'
import type { RunOrigin, RunSummary } from './summary/run.ts'

/** A file of the report. */
export interface ReportFile {
  readonly name: string
  readonly content: string | Uint8Array
}

/** Creates all files of the report: self-contained HTML, Markdown, and the learning curve as SVG and PNG. */
export function runReport(run: RunSummary): ReportFile[] {
  const blocks = reportBlocks(run)
  const svg = learningCurve(run)
  return [
    { name: 'report.html', content: renderHtml(titleOf(run), blocks, { [learningCurveFile]: svg }) },
    { name: 'report.md', content: renderMarkdown(blocks) },
    { name: learningCurveFile, content: svg },
    { name: 'learning_curve.png', content: toPng(svg) },
  ]
}

/** The report: a short summary, then the results, then the setup. */
const reportBlocks = (run: RunSummary): Block[] => [
  heading(titleOf(run), 1),
  facts(...headline(run)),
  ...closing(run),
  ...exampleBlocks(run.examples),
  ...opening(run),
]

const titleOf = ({ model, arguments: { run_name } }: RunSummary) =>
  `${run_name ? `${run_name}: ` : ''}${model.name}, fine-tuned for question answering`

function headline(run: RunSummary): NamedValue[] {
  const { eval_metrics: metrics, train_metrics, data, model } = run
  const best = bestPoint(run)
  const list: NamedValue[] = []
  if (metrics?.eval_exact_match !== undefined)
    list.push(['Exact match', percentScore(metrics.eval_exact_match, run.eval_intervals?.exact_match)])
  if (metrics?.eval_f1 !== undefined) list.push(['F1', percentScore(metrics.eval_f1, run.eval_intervals?.f1)])
  if (metrics) list.push(['Validation loss', decimal(metrics.eval_loss, 4)])
  if (best) list.push(['Best', placeOf(best)])
  list.push(['Trained on', `${counted(data.train.questions, 'question')} in ${duration(train_metrics.train_runtime)}`])
  list.push(['Parameters', count(totalParameters(model.parameters))])
  if (run.origin) list.push(...originFacts(run.origin))
  return list
}

export interface RunFailure {
  /** Name of the model that was fine-tuned. */
  readonly model: string
  readonly error: string
  readonly remedy?: string
  readonly origin: RunOrigin
}

/** Creates the HTML report of a failed run: the error, its remedy, and the command that was run. */
export function failureReport({ model, error, remedy, origin }: RunFailure): string {
  const title = `${model}: training failed`
  const reason: NamedValue[] = [['Reason', literal(error)]]
  if (remedy) reason.push(['What to do', literal(remedy)])
  const blocks: Block[] = [
    heading(title, 1),
    paragraph('This run ended with an error, so it has no results.'),
    facts(...reason, ...originFacts(origin)),
  ]
  return renderHtml(title, blocks, {})
}
