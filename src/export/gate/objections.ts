import type { ExportDtype } from '../../checkpoint/onnx-folder.ts'
import { MAX_HALF } from '../half-precision.ts'
import type { RuntimeFigures, VariantComparison } from './figures.ts'

export interface GateRule {
  /** Largest loss of F1 in percentage points (default: 1). */
  readonly max_f1_drop?: number
}

export const MAX_F1_DROP = 1

/**
 * Largest difference of a logit, relative to the root mean square of the model's logits, that a variant may have when
 * there are no questions to answer. Only these variants differ little enough for that.
 */
const MAX_ERRORS: Partial<Readonly<Record<ExportDtype, number>>> = { fp32: 1e-4, fp16: 0.05 }

/** Whether a variant can be judged only by its answers to questions. */
export const needsQuestions = (dtype: ExportDtype): boolean => MAX_ERRORS[dtype] === undefined

/** Lists the reasons not to use a variant. `scale` is the root mean square of the model's logits. */
export function objections(
  dtype: ExportDtype,
  { questions, runtimes, largest_value = 0 }: VariantComparison,
  { max_f1_drop = MAX_F1_DROP, scale }: GateRule & { readonly scale: number },
): string[] {
  if (runtimes.every(({ failure }) => failure !== undefined))
    return runtimes.map(({ runtime, failure }) => `cannot run on ${runtime}: ${failure}`)
  if (!(largest_value <= MAX_HALF))
    return [`computes values up to ${largest_value.toExponential(1)}, beyond the range of float16 (65,504)`]
  const computed = runtimes.filter(({ failure }) => failure === undefined)
  return computed.flatMap((figures) => {
    const { runtime, logit_error, answers } = figures
    if (!logit_error) return [`has logits that are not finite on ${runtime}`]
    if (answers)
      return answers.f1_drop > max_f1_drop
        ? [`loses ${answers.f1_drop.toFixed(2)} F1 on ${runtime}, more than ${max_f1_drop}`]
        : []
    return questions ? [] : differing(dtype, figures, scale)
  })
}

function differing(dtype: ExportDtype, { runtime, logit_error }: RuntimeFigures, scale: number): string[] {
  const largest = MAX_ERRORS[dtype]
  if (largest === undefined) return ['was not compared on questions']
  const found = logit_error!.max / scale
  if (found <= largest) return []
  return [`has logits that differ by ${found.toExponential(1)} of their size on ${runtime}, more than ${largest}`]
}
