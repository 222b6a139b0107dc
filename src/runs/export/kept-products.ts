import type { ExportDtype } from '../../checkpoint/onnx-folder.ts'
import { UsageError } from '../../errors.ts'
import type { GateInput } from '../../export/gate/gate-input.ts'
import { isProduct } from '../../export/quantize/products.ts'
import { chooseKept } from '../../export/sensitivity.ts'
import { isDynamic } from '../../export/variant-graph.ts'
import { defaultEngine } from '../../runtime/registry.ts'
import { showList } from '../../show-value.ts'
import type { LoadedModel } from '../load/load-model.ts'
import type { Screen } from '../screen/screen.ts'

export interface KeptChoice {
  /**
   * Products of int8 and uint8 that stay float32: `auto` (default) chooses them by their measured sensitivity, `none`
   * quantizes all, and names of weights, with * for any characters, keep these.
   */
  readonly keep_float32?: readonly string[]
  /** Largest size of int8 and uint8 with `auto`, relative to fp32 (default: 0.33). */
  readonly max_int8_size?: number
}

interface KeptOptions extends KeptChoice {
  readonly screen: Screen
  readonly signal?: AbortSignal
}

/** Number of windows on which the products are measured. */
const WINDOWS = 40

/** Determines the products that stay in floating point, for the dtypes where this matters. */
export async function keptProducts(
  loaded: LoadedModel,
  input: GateInput,
  dtypes: readonly ExportDtype[],
  { keep_float32 = ['auto'], max_int8_size, ...context }: KeptOptions,
): Promise<Partial<Record<ExportDtype, readonly string[]>>> {
  const dynamic = dtypes.filter(isDynamic)
  if (dynamic.length === 0) return {}
  const [choice] = keep_float32
  const kept =
    choice === 'auto'
      ? input.questions
        ? await measured(loaded, input, dynamic[0], { ...context, max_int8_size })
        : []
      : choice === 'none'
        ? []
        : matching(loaded, keep_float32)
  if (kept.length > 0) context.screen.print(`Kept in float32: ${showList(kept, 8)}`)
  // Signed and unsigned weights have the same values.
  return Object.fromEntries(dynamic.map((dtype) => [dtype, kept]))
}

function matching({ model }: LoadedModel, patterns: readonly string[]): string[] {
  const products = model.specs.filter(isProduct).map(({ name }) => name)
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

async function measured(
  loaded: LoadedModel,
  { rows }: GateInput,
  dtype: ExportDtype,
  { screen, signal, max_int8_size }: Omit<KeptOptions, 'keep_float32'>,
): Promise<string[]> {
  let bar: ReturnType<Screen['counting']> | undefined
  try {
    return await chooseKept(loaded, dtype, {
      rows: spread(rows, WINDOWS),
      engine: defaultEngine,
      largest_size: max_int8_size,
      onProgress(done, total) {
        signal?.throwIfAborted()
        bar ??= screen.counting('Measuring', 'products', total)
        bar.update(done)
      },
    })
  } finally {
    bar?.stop()
  }
}

/** At most `count` elements, evenly spread. */
const spread = <T>(all: readonly T[], count: number): T[] =>
  all.length <= count ? [...all] : Array.from({ length: count }, (_, i) => all[Math.floor((i * all.length) / count)])
