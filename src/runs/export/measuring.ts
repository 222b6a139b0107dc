import type { Row } from '../../batching/pack.ts'
import type { MeasuringOptions } from '../../export/measured-outputs.ts'
import { defaultEngine } from '../../runtime/registry.ts'
import type { Screen } from '../screen/screen.ts'

export interface MeasuringContext {
  readonly screen: Screen
  readonly signal?: AbortSignal
}

/** Enough to measure the properties of a model. */
const WINDOWS = 40

/** Measures a property of a model on some of the windows, evenly spread, and shows the progress in `unit`. */
export async function measureOnWindows<T>(
  rows: readonly Row[],
  unit: string,
  { screen, signal }: MeasuringContext,
  measure: (options: MeasuringOptions) => Promise<T>,
): Promise<T> {
  let bar: ReturnType<Screen['counting']> | undefined
  try {
    return await measure({
      rows: spread(rows, WINDOWS),
      engine: defaultEngine,
      onProgress(done, total) {
        signal?.throwIfAborted()
        bar ??= screen.counting('Measuring', unit, total)
        bar.update(done)
      },
    })
  } finally {
    bar?.stop()
  }
}

const spread = <T>(all: readonly T[], count: number): T[] =>
  all.length <= count ? [...all] : Array.from({ length: count }, (_, i) => all[Math.floor((i * all.length) / count)])
