import { PADDED_SIGNATURE } from '../../batching/padded-logits.ts'
import type { StoredVariant } from '../../checkpoint/onnx-folder.ts'
import { SpanforgeError } from '../../errors.ts'
import { isDynamic, isHalf } from '../variant-graph.ts'
import type { RuntimeFigures, VariantFigures } from './figures.ts'
import type { GateInput } from './gate-input.ts'
import { measureVariant } from './measure-variant.ts'
import { type GateRule, objections } from './objections.ts'
import type { VariantRuntime } from './runtime.ts'

export interface JudgeOptions extends GateRule {
  readonly runtimes: readonly VariantRuntime[]
  readonly signal?: AbortSignal
  /** Called with the number of windows that are done, of those of all variants on all runtimes. */
  readonly onProgress?: (done: number) => void
  /** Called when a variant has been measured on a runtime. */
  readonly onMeasured?: (variant: StoredVariant, figures: RuntimeFigures) => void
}

/** Compares the variants in a folder with the model, on each runtime. Returns one entry per variant. */
export async function judgeVariants(
  folder: string,
  variants: readonly StoredVariant[],
  input: GateInput,
  { runtimes, signal, onProgress, onMeasured, ...rule }: JudgeOptions,
): Promise<VariantFigures[]> {
  const { questions, rows, largest_value } = input
  const scale = rootMeanSquare(input)
  const judged: VariantFigures[] = []
  let done = 0
  for (const variant of variants) {
    const found: RuntimeFigures[] = []
    for (const runtime of runtimes) {
      const ends = done + rows.length
      const options = {
        dependsOnBatch: isDynamic(variant.dtype),
        signal,
        onProgress(windows: number) {
          done += windows
          onProgress?.(done)
        },
      }
      const figures = { runtime: runtime.name, ...(await measureOn(runtime, folder, variant, input, options)) }
      done = ends
      onProgress?.(done)
      onMeasured?.(variant, figures)
      found.push(figures)
    }
    const comparison = {
      ...(questions && { questions: questions.facts }),
      windows: rows.length,
      ...(questions && { model: { exact_match: questions.answers.exact_match, f1: questions.answers.f1 } }),
      ...(isHalf(variant.dtype) && { largest_value }),
      runtimes: found,
    }
    judged.push({ comparison, objections: objections(variant.dtype, comparison, { ...rule, scale }) })
  }
  return judged
}

async function measureOn(
  runtime: VariantRuntime,
  folder: string,
  variant: StoredVariant,
  input: GateInput,
  options: Parameters<typeof measureVariant>[2],
): Promise<Omit<RuntimeFigures, 'runtime'>> {
  try {
    const session = await runtime.open(folder, variant)
    try {
      return await measureVariant(session, input, options)
    } finally {
      await session.close()
    }
  } catch (error) {
    if (!(error instanceof SpanforgeError)) throw error
    return { failure: error.summary }
  }
}

function rootMeanSquare({ logits }: GateInput): number {
  let [squares, count] = [0, 0]
  for (const row of logits)
    for (const side of PADDED_SIGNATURE.outputs) {
      for (const value of row[side]) squares += value ** 2
      count += row[side].length
    }
  return Math.sqrt(squares / count)
}
