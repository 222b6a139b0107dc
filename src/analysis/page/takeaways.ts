import { counted } from '../../report/render/format.ts'
import { dimensionTexts } from '../dimensions.ts'
import { classTexts } from '../error-class-texts.ts'
import type { Analysis, Breakdown, QuestionGroup } from '../types.ts'
import { score, share } from './html-text.ts'

/** The main conclusions of the analysis, each as a sentence. */
export function takeaways(analysis: Analysis): string[] {
  return [mostErrors(analysis), weakestGroup(analysis), confidence(analysis), doubtfulLabels(analysis)].filter(
    (sentence) => sentence !== undefined,
  )
}

const isError = (name: string) => name !== 'correct' && name !== 'same_text_elsewhere'

function mostErrors({ classes }: Analysis): string | undefined {
  const errors = classes.filter((summary) => isError(summary.class) && summary.count > 0)
  const total = errors.reduce((sum, { count }) => sum + count, 0)
  if (total === 0) return 'The model answered every question correctly.'
  const [first] = errors.toSorted((a, b) => b.count - a.count)
  const boundaries = ['too_wide', 'too_narrow', 'overlapping']
  const nearly = errors
    .filter((summary) => boundaries.includes(summary.class))
    .reduce((sum, { count }) => sum + count, 0)
  return (
    `Of ${counted(total, 'wrong answer')}, ${nearly} (${share(nearly / total)}) ${nearly === 1 ? 'is' : 'are'} in the right place but ${nearly === 1 ? 'has' : 'have'} the wrong boundaries. ` +
    `The largest error class is “${classTexts[first.class].title.toLowerCase()}” (${counted(first.count, 'question')}).`
  )
}

function weakestGroup({ breakdowns, overall }: Analysis): string | undefined {
  const groups = breakdowns.flatMap((breakdown) => breakdown.groups.map((group) => ({ breakdown, group })))
  const below = groups.filter(({ group }) => group.f1.high !== undefined && group.f1.high < overall.f1.mean)
  if (below.length === 0) return 'No group of questions is clearly weaker than the average.'
  const name = ({ breakdown, group }: { breakdown: Breakdown; group: QuestionGroup }) =>
    `${dimensionTexts[breakdown.dimension].title.toLowerCase()} “${group.label}” (F1 ${score(group.f1.mean)}, ${counted(group.count, 'question')})`
  const weakest = below.toSorted((a, b) => a.group.f1.mean - b.group.f1.mean).slice(0, 3)
  return `Clearly weaker than the average: ${weakest.map(name).join('; ')}.`
}

function confidence({ confidence: { risk_coverage } }: Analysis): string | undefined {
  const half = risk_coverage.find(({ coverage }) => coverage >= 0.5)
  const all = risk_coverage.at(-1)
  if (!half || !all) return undefined
  return (
    `Of the more confident half of the answers, ${share(1 - half.risk)} are exact matches, compared with ${share(1 - all.risk)} of all answers. ` +
    `Answers with a probability of at least ${probability(half.confidence)} belong to that half.`
  )
}

/** Formats a probability with two significant digits: 0.83, 0.0021. */
const probability = (p: number): string => (p < 0.1 ? Number(p.toPrecision(2)).toString() : p.toFixed(2))

function doubtfulLabels({ classes }: Analysis): string | undefined {
  const count = classes.find((summary) => summary.class === 'label_doubtful')?.count ?? 0
  if (count === 0) return undefined
  return `${count === 1 ? 'One error looks' : `${count} errors look`} like a problem in the data, not the model.`
}
