import { EXPORT_DTYPES, exportDtype } from '../../checkpoint/onnx-folder.ts'
import { checkExport, type ExportOutcome, exportVariants } from '../../export/export-model.ts'
import type { ExportedVariant } from '../../export/plan-variants.ts'
import { returnFreedMemory } from '../../native/freed-memory.ts'
import { byteSize } from '../../report/render/format.ts'
import { columns, textTable } from '../../report/render/table.ts'
import { freeMemory } from '../../threads/free-memory.ts'
import { type HubChoice, loadModel } from '../load/load-model.ts'
import { noScreen, type Screen } from '../screen/screen.ts'
import { checkRuntimes, compareVariants, type GateOptions, requireQuestions } from './gate.ts'
import { gateInput, withLargestValue } from './gate-input.ts'
import { type ChosenQuestions, gateQuestions, type QuestionChoice } from './gate-questions.ts'
import { checkKeptChoice, inputSmoothings, type KeptChoice, keptProducts, namedProducts } from './kept-products.ts'

export interface ExportRunOptions extends QuestionChoice, KeptChoice, Omit<GateOptions, 'screen'> {
  readonly output_dir: string
  /** Names of dtypes (default: fp32). */
  readonly dtypes?: readonly string[]
  /** Store all weights outside the ONNX files. */
  readonly external_data?: boolean
  readonly overwrite?: boolean
  /** Write variants that lose too much, or that were not compared on questions. */
  readonly force?: boolean
  readonly screen?: Screen
  readonly hub?: HubChoice
}

/**
 * Exports a model folder or a model on the hub to ONNX. Each variant is compared with the model on questions, and those
 * that lose more than `max_f1_drop` are not written.
 */
export function exportModel(nameOrFolder: string, options: ExportRunOptions): Promise<ExportOutcome> {
  const { screen = noScreen, hub } = options
  return exportComparedOn(nameOrFolder, options, (folder) => gateQuestions(options, { folder, screen, hub }))
}

/** Like `exportModel`, with questions that are chosen for the folder of the model. */
export async function exportComparedOn(
  nameOrFolder: string,
  options: ExportRunOptions,
  choose: (folder: string) => Promise<ChosenQuestions | undefined>,
): Promise<ExportOutcome> {
  const { dtypes = ['fp32'], screen = noScreen, hub, force = false, signal } = options
  const asked = dtypes.map(exportDtype)
  const known = EXPORT_DTYPES.filter((dtype) => asked.includes(dtype))
  checkKeptChoice(known, options)
  await checkRuntimes(options.runtimes)
  returnFreedMemory()
  const loaded = await loadModel(nameOrFolder, {}, hub)
  const { model, warning } = loaded
  const writing = writingProgress(screen)
  try {
    if (warning) screen.print(warning)
    // Measuring takes minutes, so what can fail at once is checked first.
    namedProducts(model, options)
    await checkExport(loaded, { ...options, dtypes: known })
    const questions = await choose(loaded.folder)
    requireQuestions(known, questions !== undefined, force)
    const context = { screen, signal }
    const computed = await gateInput(loaded, questions, context)
    // The variants are measured in sessions of their own.
    await model.release()
    const input = await withLargestValue(loaded, computed, known, context)
    const smoothings = await inputSmoothings(loaded, input, known, context)
    const kept = await keptProducts(loaded, input, known, { ...options, smoothings, screen })
    return await exportVariants(loaded, {
      ...options,
      dtypes: known,
      kept,
      smoothings,
      onPlan: writing.begin,
      onProgress: writing.update,
      async judge(variants, folder) {
        writing.stop()
        // All variants are written, and a runtime needs memory for one of them at a time.
        await freeMemory(model.parameters.data)
        const facts = { pad_token_id: model.geometry.padding_row ?? 0 }
        return compareVariants(folder, variants, input, facts, { ...options, screen })
      },
    })
  } finally {
    writing.stop()
    await model.release()
  }
}

/** Lists the variants and shows how much of them is written. */
function writingProgress(screen: Screen) {
  let bar: ReturnType<Screen['counting']> | undefined
  return {
    begin(variants: readonly ExportedVariant[]) {
      const rows = variants.map(({ dtype, file, bytes }) => [dtype, file, byteSize(bytes)])
      screen.print(textTable({ columns: columns('dtype', 'file', '>size'), rows }))
      const total = variants.reduce((sum, { bytes }) => sum + bytes, 0)
      bar = screen.counting('Writing', 'MB', Math.ceil(total / 1e6))
    },
    update: (bytes: number) => bar?.update(Math.ceil(bytes / 1e6)),
    stop: () => bar?.stop(),
  }
}
