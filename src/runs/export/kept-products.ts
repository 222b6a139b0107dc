import type { ExportDtype } from '../../checkpoint/onnx-folder.ts'
import { UsageError } from '../../errors.ts'
import type { GateInput } from '../../export/gate/gate-input.ts'
import { measureProductInputs } from '../../export/product-inputs.ts'
import { isProduct } from '../../export/quantize/products.ts'
import { chooseSmoothings, type Smoothings } from '../../export/quantize/smoothing.ts'
import { chooseKept } from '../../export/sensitivity.ts'
import { isDynamic } from '../../export/variant-graph.ts'
import { showList } from '../../show-value.ts'
import type { LoadedModel } from '../load/load-model.ts'
import { type MeasuringContext, measureOnWindows } from './measuring.ts'

export interface KeptChoice {
  /**
   * Products of int8 and uint8 that stay float32: `auto` (default) chooses them by their measured sensitivity, names of
   * weights, with * for any characters, keep these, and `none` quantizes all. `auto` and names can be combined.
   */
  readonly keep_float32?: readonly string[]
  /** Largest size of int8 and uint8 with `auto`, relative to fp32 (default: 0.33). */
  readonly max_int8_size?: number
}

interface KeptOptions extends KeptChoice, MeasuringContext {
  readonly smoothings?: Smoothings
}

const [AUTO, NONE] = ['auto', 'none']

/** @throws UsageError if none of the dtypes has products that may stay in floating point, but the choice names some */
export function checkKeptChoice(dtypes: readonly ExportDtype[], choice: KeptChoice): void {
  const { keep_float32 = [], max_int8_size } = choice
  if (keep_float32.includes(NONE) && keep_float32.length > 1)
    throw new UsageError(
      `keep_float32: found ${showList(keep_float32, 5)}; ${NONE} excludes others`,
      'Use none, or auto and names.',
    )
  const given = Object.entries({ keep_float32: choice.keep_float32, max_int8_size }).filter(([, value]) => value)
  if (given.length > 0 && !dtypes.some(isDynamic))
    throw new UsageError(
      `${given.map(([name]) => name).join(' and ')}: only for int8 and uint8, found ${dtypes.join(', ')}`,
      'Remove the option, or add int8 to the dtypes.',
    )
}

/**
 * Returns the weights that the choice names.
 * @throws UsageError if a name matches none of the model
 */
export const namedProducts = (model: LoadedModel['model'], { keep_float32 = [] }: KeptChoice): string[] =>
  matching(
    model.specs.filter(isProduct).map(({ name }) => name),
    keep_float32.filter((name) => name !== AUTO && name !== NONE),
  )

/** Determines the products that stay in floating point, for the dtypes where this matters. */
export async function keptProducts(
  loaded: LoadedModel,
  input: GateInput,
  dtypes: readonly ExportDtype[],
  { keep_float32 = [AUTO], max_int8_size: largest_size, smoothings, ...context }: KeptOptions,
): Promise<Partial<Record<ExportDtype, readonly string[]>>> {
  const dynamic = dtypes.filter(isDynamic)
  if (dynamic.length === 0) return {}
  const always = namedProducts(loaded.model, { keep_float32 })
  const isMeasured = keep_float32.includes(AUTO) && input.questions !== undefined
  const kept = isMeasured
    ? await measureOnWindows(input.rows, 'products', context, (options) =>
        chooseKept(loaded, dynamic[0], { ...options, always, largest_size, smoothings }),
      )
    : always
  if (kept.length > 0) context.screen.print(`Kept in float32: ${showList(kept, 8)}`)
  // Signed and unsigned weights have the same values.
  return Object.fromEntries(dynamic.map((dtype) => [dtype, kept]))
}

function matching(products: readonly string[], patterns: readonly string[]): string[] {
  const found = patterns.map((pattern) => {
    const parts = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    const expression = new RegExp(`^${parts.join('.*')}$`)
    const names = products.filter((name) => expression.test(name))
    if (names.length === 0)
      throw new UsageError(
        `keep_float32: "${pattern}" matches no product of the model`,
        `Use auto, none, or names such as ${showList(products.slice(-3), 3)}; * stands for any characters.`,
      )
    return names
  })
  return [...new Set(found.flat())]
}

/**
 * Determines how int8 and uint8 smooth activations, from those that questions cause. Undefined without questions, whose
 * outliers random tokens do not have.
 */
export async function inputSmoothings(
  loaded: LoadedModel,
  { rows, questions }: GateInput,
  dtypes: readonly ExportDtype[],
  context: MeasuringContext,
): Promise<Smoothings | undefined> {
  if (!questions || !dtypes.some(isDynamic)) return undefined
  const inputs = await measureOnWindows(rows, 'windows', context, (options) => measureProductInputs(loaded, options))
  return chooseSmoothings(inputs, (name) => loaded.model.parameters.view(name))
}
