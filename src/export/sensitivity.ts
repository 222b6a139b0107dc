/** Chooses the products of a model that stay in floating point because quantizing them costs the most accuracy. */
import type { Row } from '../batching/pack.ts'
import { PADDED_SIGNATURE, paddedLogits } from '../batching/padded-logits.ts'
import type { ExportDtype } from '../checkpoint/onnx-folder.ts'
import type { Engine } from '../runtime/engine.ts'
import type { WindowLogits } from '../squad/answers/document-logits.ts'
import { logitError } from './gate/logit-error.ts'
import { type ExportSource, planVariant, sourceOptions } from './plan-variants.ts'
import { isProduct } from './quantize/products.ts'
import type { Smoothings } from './quantize/smoothing.ts'
import { variantGraph, withVariant } from './variant-graph.ts'

export interface KeptOptions {
  /** Windows of typical questions, on which the error is measured. */
  readonly rows: readonly Row[]
  readonly engine: Engine
  /** Largest size of the variant, relative to that of fp32 (default: 0.33). */
  readonly largest_size?: number
  /** Products that are kept in any case. */
  readonly always?: readonly string[]
  readonly smoothings?: Smoothings
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
 * Returns the weights of the products to keep: `always`, and those with the largest errors per byte, as far as the size
 * allows. The errors of products add up to nearly the error of all, so each is measured on its own.
 */
export async function chooseKept(source: ExportSource, dtype: ExportDtype, options: KeptOptions): Promise<string[]> {
  const { largest_size = 0.33, always = [], smoothings } = options
  const kept = [...always]
  const sensitivities = (await measureSensitivities(source, dtype, options)).filter(({ name }) => !kept.includes(name))
  const smallest = planVariant(source, dtype, { smoothings, kept: { [dtype]: kept } }).bytes
  let room = largest_size * planVariant(source, 'fp32').bytes - smallest
  let rest = sensitivities.reduce((sum, { error }) => sum + error, 0)
  const negligible = NEGLIGIBLE * rest
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
  options: KeptOptions,
): Promise<Sensitivity[]> {
  const { rows, smoothings, onProgress } = options
  const products = source.model.specs.filter(isProduct).map(({ name }) => name)
  const expected = await logitsOf(source, dtype, products, options)
  const whole = planVariant(source, dtype, { smoothings }).bytes
  const measured: Sensitivity[] = []
  for (const [i, name] of products.entries()) {
    const others = products.filter((other) => other !== name)
    const { relative } = logitError(rows, await logitsOf(source, dtype, others, options), expected)
    const saved = planVariant(source, dtype, { smoothings, kept: { [dtype]: [name] } }).bytes - whole
    if (saved > 0) measured.push({ name, error: relative ** 2, saved })
    onProgress?.(i + 1, products.length)
  }
  return measured
}

/** Computes each row on its own with a variant. */
function logitsOf(
  source: ExportSource,
  dtype: ExportDtype,
  kept: readonly string[],
  { rows, engine, smoothings }: KeptOptions,
): Promise<WindowLogits[]> {
  const options = { ...sourceOptions(source), kept: new Set(kept), smoothings }
  return withVariant(variantGraph(source.model, dtype, options), engine, async (executable, names) => {
    const inputs = PADDED_SIGNATURE.inputs.filter((name) => names.includes(name))
    const logits: WindowLogits[] = []
    for (const row of rows)
      logits.push(...(await paddedLogits(executable, inputs, [row], source.model.geometry.padding_row ?? 0)))
    return logits
  })
}
