import { toRows } from '../../batching/rows.ts'
import type { ExportDtype } from '../../checkpoint/onnx-folder.ts'
import { chooseKept } from '../../export/sensitivity.ts'
import { windowLengths } from '../../inference/window-lengths.ts'
import { defaultEngine } from '../../runtime/registry.ts'
import { makeDataset } from '../../squad/dataset.ts'
import type { Example } from '../../squad/types.ts'
import type { LoadedModel } from '../load/load-model.ts'
import type { Screen } from '../screen/screen.ts'

/** Number of windows on which the products are measured. */
const WINDOWS = 40

/** Dtypes whose activations are quantized with one scale for all, which some products do not tolerate. */
const SENSITIVE: readonly ExportDtype[] = ['int8', 'uint8']

/** Measures on the questions which products stay in floating point, for the dtypes where this matters. */
export async function keptProducts(
  loaded: LoadedModel,
  examples: readonly Example[],
  dtypes: readonly ExportDtype[],
  screen: Screen,
): Promise<Partial<Record<ExportDtype, readonly string[]>>> {
  const measured = dtypes.filter((dtype) => SENSITIVE.includes(dtype))
  if (measured.length === 0 || examples.length === 0) return {}
  const { model, tokenizer, settings } = loaded
  const lengths = windowLengths({}, { ...model.geometry, model_max_length: tokenizer.model_max_length, settings })
  const { windows } = makeDataset(tokenizer, spread(examples, WINDOWS), lengths)
  const rows = toRows(spread(windows, WINDOWS))
  const [first] = measured
  let bar: ReturnType<Screen['counting']> | undefined
  try {
    const kept = await chooseKept(loaded, first, {
      rows,
      engine: defaultEngine,
      onProgress(done, total) {
        bar ??= screen.counting('Measuring', 'products', total)
        bar.update(done)
      },
    })
    // Signed and unsigned weights have the same values.
    return Object.fromEntries(measured.map((dtype) => [dtype, kept]))
  } finally {
    bar?.stop()
  }
}

/** At most `count` elements, evenly spread. */
const spread = <T>(all: readonly T[], count: number): T[] =>
  all.length <= count ? [...all] : Array.from({ length: count }, (_, i) => all[Math.floor((i * all.length) / count)])
