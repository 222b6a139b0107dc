/** Chooses the products of a model that stay in floating point because quantizing them costs the most accuracy. */
import type { Row } from '../batching/pack.ts'
import { PADDED_SIGNATURE, paddedLogits } from '../batching/padded-logits.ts'
import type { ExportDtype } from '../checkpoint/onnx-folder.ts'
import { topologicalOrder } from '../graph/tensor.ts'
import type { Engine } from '../runtime/engine.ts'
import type { WindowLogits } from '../squad/answers/document-logits.ts'
import { logitError } from './gate/logit-error.ts'
import { type ExportSource, planVariant, sourceOptions } from './plan-variants.ts'
import { isProduct } from './quantize/products.ts'
import { variantGraph } from './variant-graph.ts'

export interface KeptOptions {
  /** Windows of typical questions, on which the error is measured. */
  readonly rows: readonly Row[]
  readonly engine: Engine
  /** Largest size of the variant, relative to that of fp32 (default: 0.33). */
  readonly largest_size?: number
  /** Called after each measured product. */
  readonly onProgress?: (done: number, total: number) => void
}

/** A product and what quantizing its weight costs. */
export interface Sensitivity {
  readonly name: string
  /** Mean squared error of the logits when only this product is quantized, relative to their mean square. */
  readonly error: number
  /** Bytes that are saved by quantizing it. */
  readonly saved: number
}

/** Products that together cause less than this share of the error are not worth their size. */
const NEGLIGIBLE = 0.02

/**
 * Returns the weights of the products to keep: those with the largest errors per byte, as far as the size allows. The
 * errors of products add up to nearly the error of all, so each is measured on its own.
 */
export async function chooseKept(source: ExportSource, dtype: ExportDtype, options: KeptOptions): Promise<string[]> {
  const sensitivities = await measureSensitivities(source, dtype, options)
  const { largest_size = 0.33 } = options
  let room = largest_size * planVariant(source, 'fp32').bytes - planVariant(source, dtype).bytes
  let rest = sensitivities.reduce((sum, { error }) => sum + error, 0)
  const negligible = NEGLIGIBLE * rest
  const kept: string[] = []
  for (const { name, error, saved } of sensitivities.sort((a, b) => b.error / b.saved - a.error / a.saved)) {
    if (rest <= negligible) break
    if (saved > room) continue
    kept.push(name)
    room -= saved
    rest -= error
  }
  return kept
}

/** Measures the error that quantizing each product causes. Matrices that the format does not quantize are left out. */
export async function measureSensitivities(
  source: ExportSource,
  dtype: ExportDtype,
  { rows, engine, onProgress }: KeptOptions,
): Promise<Sensitivity[]> {
  const products = source.model.specs.filter(isProduct).map(({ name }) => name)
  const expected = await logitsOf(source, dtype, products, { rows, engine })
  const whole = planVariant(source, dtype).bytes
  const measured: Sensitivity[] = []
  for (const [i, name] of products.entries()) {
    const others = products.filter((other) => other !== name)
    const { relative } = logitError(rows, await logitsOf(source, dtype, others, { rows, engine }), expected)
    const saved = planVariant(source, dtype, { kept: { [dtype]: [name] } }).bytes - whole
    if (saved > 0) measured.push({ name, error: relative ** 2, saved })
    onProgress?.(i + 1, products.length)
  }
  return measured
}

/**
 * Computes each row on its own with a variant. The weights stay in the memory of the model, so that one variant after the
 * other needs little time and memory.
 */
async function logitsOf(
  source: ExportSource,
  dtype: ExportDtype,
  kept: readonly string[],
  { rows, engine }: Pick<KeptOptions, 'rows' | 'engine'>,
): Promise<WindowLogits[]> {
  const { graph, initializers } = variantGraph(source.model, dtype, { ...sourceOptions(source), kept: new Set(kept) })
  const names = topologicalOrder(Object.values(graph)).flatMap(({ source }) =>
    source.kind === 'input' ? [source.name] : [],
  )
  const executable = await engine.compile(graph)
  try {
    for (const name of names) {
      const stored = initializers.get(name)
      if (stored) executable.hold({ [name]: { dtype: stored.dtype, dims: stored.shape, data: stored.data() } })
    }
    const inputs = PADDED_SIGNATURE.inputs.filter((name) => names.includes(name))
    const logits: WindowLogits[] = []
    for (const row of rows)
      logits.push(...(await paddedLogits(executable, inputs, [row], source.model.geometry.padding_row ?? 0)))
    return logits
  } finally {
    await executable.release()
  }
}
