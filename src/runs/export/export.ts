import { type ExportDtype, exportDtype } from '../../checkpoint/onnx-folder.ts'
import { type ExportedModel, exportModel } from '../../export/export-model.ts'
import { byteSize } from '../../report/render/format.ts'
import { columns, textTable } from '../../report/render/table.ts'
import type { Example } from '../../squad/types.ts'
import { type HubChoice, loadModel } from '../load/load-model.ts'
import { noScreen, type Screen } from '../screen/screen.ts'
import { keptProducts } from './kept-products.ts'

export interface ExportRunOptions {
  readonly output_dir: string
  /** Names of dtypes (default: fp32). */
  readonly dtypes?: readonly string[]
  /** Store all weights outside the ONNX files. */
  readonly external_data?: boolean
  readonly overwrite?: boolean
  /** Typical questions, on which the products that stay in floating point are chosen. */
  readonly examples?: readonly Example[]
  readonly screen?: Screen
  readonly hub?: HubChoice
}

/** Exports a model folder or a model on the hub to ONNX. */
export async function exportFolder(nameOrFolder: string, options: ExportRunOptions): Promise<ExportedModel> {
  const { dtypes = ['fp32'], examples = [], screen = noScreen, hub, ...rest } = options
  const known: ExportDtype[] = [...new Set(dtypes.map(exportDtype))]
  const loaded = await loadModel(nameOrFolder, {}, hub)
  let bar: ReturnType<Screen['counting']> | undefined
  try {
    return await exportModel(loaded, {
      ...rest,
      dtypes: known,
      kept: await keptProducts(loaded, examples, known, screen),
      onPlan(variants) {
        const rows = variants.map(({ dtype, file, bytes }) => [dtype, file, byteSize(bytes)])
        screen.print(textTable({ columns: columns('dtype', 'file', '>size'), rows }))
        const total = variants.reduce((sum, { bytes }) => sum + bytes, 0)
        bar = screen.counting('Writing', 'MB', Math.round(total / 1e6))
      },
      onProgress: (bytes) => bar?.update(Math.round(bytes / 1e6)),
    })
  } finally {
    bar?.stop()
    await loaded.model.release()
  }
}
