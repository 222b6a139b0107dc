import { exportedWeights, hasWeights } from '../checkpoint/onnx-folder.ts'
import { SpanforgeError } from '../errors.ts'
import { loadPretrained } from './pretrained.ts'

/**
 * Checks that an exported model next to weights was made from these, which may have been trained or replaced since.
 * @throws SpanforgeError if it was made from other weights
 */
export async function rejectStaleExport(folder: string): Promise<void> {
  const exported = await exportedWeights(folder)
  if (exported === undefined || !(await hasWeights(folder))) return
  const { model } = await loadPretrained(folder)
  const digest = await model.digest()
  await model.release()
  if (digest === exported) return
  throw new SpanforgeError(`${folder}: onnx/ was exported from other weights than those in the folder`, {
    remedy: `Export it again, with each --dtype that you need: spanforge export ${folder} --to onnx --output_dir ${folder} --overwrite`,
  })
}
