import { type Block, paragraph, warning } from '../render/document.ts'
import { decimal, scoreText } from '../render/format.ts'
import { bestPoint, lowestLoss, type Point, placeOf } from '../summary/history.ts'
import type { RunSummary } from '../summary/run.ts'
import { overfitting, tooFewQuestions } from '../summary/trend.ts'

/** Reports overfitting with its evidence, and which model was saved. */
export function overfittingBlocks(run: RunSummary, points: readonly Point[]): Block[] {
  const tooFew = tooFewQuestions(run.data.validation?.questions)
  if (tooFew) return [paragraph(`It is unclear whether the model overfits. ${tooFew}`, keptModel(run))]
  const found = overfitting(points)
  if (!found) return [paragraph(noOverfitting(points), keptModel(run))]
  const { best, last, evaluationsSince, stillRising } = found
  const series = (value: (point: Point) => number | undefined) =>
    points.map((point) => decimal(value(point), 4)).join(' → ')
  const scores = stillRising.map((score) => {
    const name = score === 'f1' ? 'F1' : 'exact match'
    const [from, to] = [best, last].map((point) => scoreText(point[score], point.intervals?.[score]))
    return `${name} from ${from} to ${to}`
  })
  const pattern = evaluationsSince > 1
  return [
    warning(
      pattern ? 'Overfitting' : 'A first sign of overfitting',
      `The validation loss was lowest at ${placeOf(best)} (${decimal(best.eval_loss, 4)}) and has risen to ${decimal(last.eval_loss, 4)} since, while the training loss kept falling${pattern ? ': the model is memorizing the training data' : ''}.`,
      `Training loss: ${series((point) => point.train_loss)}.`,
      `Validation loss: ${series((point) => point.eval_loss)}.`,
      `Gap: ${series(gap)}.`,
      ...(scores.length
        ? [`However, the scores rose: ${scores.join(' and ')}. Which epoch is best depends on the metric.`]
        : []),
      keptModel(run),
    ),
  ]
}

const gap = ({ train_loss, eval_loss }: Point) => (train_loss === undefined ? undefined : eval_loss - train_loss)

function noOverfitting(points: readonly Point[]): string {
  if (points.length === 1) return 'A single evaluation shows no trend.'
  if (points.some((point) => point.train_loss === undefined))
    return 'It is unclear whether the model overfits: the training loss was not logged often enough (`--logging_steps`).'
  const lowest = lowestLoss(points)
  if (!lowest) return 'All validation losses are NaN or infinite: the training diverged.'
  if (lowest === points.at(-1)) return 'No overfitting: the validation loss was lowest at the end.'
  return `The validation loss was lowest at ${placeOf(lowest)}, but the training loss did not fall after it either: the training was unstable, not overfitting.`
}

function keptModel(run: RunSummary): string {
  const best = bestPoint(run)
  if (!best) return ''
  const { metric: name, value } = run.best ?? { metric: 'eval_loss', value: best.eval_loss }
  const isScore = name === 'eval_exact_match' || name === 'eval_f1'
  const interval = isScore ? best.intervals?.[name === 'eval_f1' ? 'f1' : 'exact_match'] : undefined
  const metric = `${name} ${isScore ? scoreText(value, interval) : decimal(value, 4)}`
  if (run.best?.loaded) return `The saved model is the one from ${placeOf(best)}, the best by ${metric}.`
  if (best.step === run.log_history.at(-1)?.step) return `The last model is the best by ${metric}.`
  return `The saved model is the last one. With \`--load_best_model_at_end\` it would be the one from ${placeOf(best)} (${metric}).`
}
