import type { Interval } from '../../squad/metrics/bootstrap.ts'
import { type Block, heading, paragraph, table } from '../render/document.ts'
import { decimal, percentage, percentScore } from '../render/format.ts'
import { columns } from '../render/table.ts'
import { type LossClass, lossClass, lossClasses, meaning, missOf } from '../summary/loss-meaning.ts'
import type { RunSummary } from '../summary/run.ts'
import { tooFewQuestions } from '../summary/trend.ts'

/** Explains the validation loss and compares the exact match it suggests, by a rule of thumb, with the real one. */
export function lossBlocks({
  eval_metrics,
  eval_intervals,
  mean_positions,
  arguments: args,
  data,
}: RunSummary): Block[] {
  if (!eval_metrics) return []
  const { eval_loss: loss, eval_exact_match: exactMatch } = eval_metrics
  const own = lossClass(loss)
  const interval = eval_intervals?.exact_match
  const tooFew = tooFewQuestions(data.validation?.questions)
  const explained = [
    heading('What the loss means'),
    paragraph(
      'The loss is the mean of the cross-entropies of the start and the end position, averaged over windows.',
      ...(mean_positions ? [meaningText(loss, mean_positions)] : []),
      args.padding === 'max_length'
        ? 'The softmax includes padding, as in transformers; without padding the loss is slightly lower.'
        : 'The softmax covers real tokens only; transformers includes padding, so its loss is slightly higher.',
    ),
  ]
  if (tooFew) return [...explained, paragraph(`The loss is not classified. ${tooFew}`)]
  return [
    ...explained,
    table({
      columns: columns('Loss', 'Class', 'Expected exact match', '>Measured loss', '>Measured exact match'),
      rows: lossClasses.map((row) => [
        rangeOf(row),
        row.name,
        expectedOf(row),
        row === own ? decimal(loss, 4) : '',
        row === own && exactMatch !== undefined ? percentScore(exactMatch, interval) : '',
      ]),
      marked: own && lossClasses.indexOf(own),
    }),
    paragraph(ruleOfThumb(own, exactMatch, interval)),
  ]
}

function meaningText(loss: number, positions: number): string {
  const { probability, randomLoss, randomProbability, timesBetterThanChance } = meaning(loss, positions)
  return [
    `e^-${decimal(loss, 4)} = ${percentage(probability)}: the geometric mean of the probabilities that the model gives to the correct positions.`,
    `Guessing among the ${decimal(positions, 0)} positions of a window (the mean) has loss ln ${decimal(positions, 0)} = ${decimal(randomLoss)}`,
    `and probability ${percentage(randomProbability)}; a perfect model has loss 0.`,
    `A correct position is ${decimal(timesBetterThanChance, timesBetterThanChance < 10 ? 1 : 0)} times as probable as by chance.`,
  ].join(' ')
}

/** Says in words whether the rule of thumb holds. */
export function ruleOfThumb(own: LossClass | undefined, exactMatch: number | undefined, interval?: Interval): string {
  if (!own) return 'The loss is NaN or infinite, so it has no class.'
  if (exactMatch === undefined) return `By its loss the model is ${own.name}; exact match was not measured.`
  const miss = missOf(own, exactMatch)
  const measured = `${own.name}, expected exact match ${expectedOf(own)}, measured ${percentScore(exactMatch, interval)}`
  if (miss === 0) return `${measured}: the rule of thumb holds.`
  const points = `${decimal(Math.abs(miss), 1)} points`
  return `${measured}: the rule of thumb does not hold; the model answers ${points} ${miss > 0 ? 'better' : 'worse'} than its loss suggests.`
}

function rangeOf({ above, upTo }: LossClass): string {
  if (!Number.isFinite(above)) return `up to ${decimal(upTo, 1)}`
  return Number.isFinite(upTo) ? `${decimal(above, 1)} to ${decimal(upTo, 1)}` : `above ${decimal(above, 1)}`
}

function expectedOf({ exactMatch: [from, to] }: LossClass): string {
  if (to === 100) return `${from} % or more`
  return from === 0 ? `below ${to} %` : `${from} to ${to} %`
}
