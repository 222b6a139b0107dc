import { loadConfig } from '../../checkpoint/model-folder.ts'
import { type ExportDtype, isOnlyExported, listVariants, variantOf } from '../../checkpoint/onnx-folder.ts'
import { SpanforgeError } from '../../errors.ts'
import { totalSize } from '../../models/flat-parameters.ts'
import { parameterSpecs } from '../../models/programs.ts'

const MEGABYTE = 2 ** 20
const BYTES_PER_FLOAT = 4

/**
 * Checks that a model fits into memory in addition to the one in use, as both are loaded for a moment. Only the weights
 * are counted, so that a model is never rejected that would fit.
 * @throws SpanforgeError if the available memory is smaller than the weights
 */
export async function checkSpareMemory(
  folder: string,
  dtype: ExportDtype | undefined,
  available = process.availableMemory(),
): Promise<void> {
  const needed = await weightBytes(folder, dtype)
  if (available === 0 || needed <= available) return
  const [want, have] = [needed, available].map((bytes) => `${Math.ceil(bytes / MEGABYTE)} MB`)
  throw new SpanforgeError(
    `${folder}: the model needs at least ${want} of memory beside the one in use, but only ${have} are available`,
    { remedy: 'Free memory, raise the memory limit of the process, or restart the server to load only the new model.' },
  )
}

async function weightBytes(folder: string, dtype: ExportDtype | undefined): Promise<number> {
  if (dtype || (await isOnlyExported(folder))) return variantOf(folder, await listVariants(folder), dtype).bytes
  return BYTES_PER_FLOAT * totalSize(parameterSpecs(await loadConfig(folder)))
}
