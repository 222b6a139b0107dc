import { SpanforgeError } from '../errors.ts'
import { BinaryFile } from '../files/binary-file.ts'
import { showValue } from '../show-value.ts'
import { readLegacy } from './pytorch-legacy.ts'
import { readZipFormat } from './pytorch-zip.ts'
import type { StoredTensor, TensorSource } from './stored-tensor.ts'
import { MAX_NAME_LENGTH, OtherTensor, otherTensor, TensorView, type TorchFile, viewedTensor } from './torch-tensor.ts'

/**
 * Opens a `pytorch_model.bin` file: a state dict in the zip format (torch >= 1.6) or the legacy format. The pickle
 * inside is parsed as data and never executed. Tensors are read on demand.
 */
export async function openPytorchBin(path: string): Promise<TensorSource> {
  const file = await BinaryFile.open(path)
  try {
    const magic = Buffer.from(await file.read(0, Math.min(4, file.size), 'the beginning')).toString('latin1')
    const torchFile = magic === 'PK\x03\x04' ? await readZipFormat(file) : await readLegacy(file)
    return { tensors: toTensors(file, torchFile), close: () => file.close() }
  } catch (error) {
    await file.close()
    throw error
  }
}

function toTensors(file: BinaryFile, { stateDict, positions }: TorchFile): ReadonlyMap<string, StoredTensor> {
  const fail = (found: string): never => {
    throw new SpanforgeError(`${file.path}: found ${found}, expected a state dict that maps names to tensors`, {
      remedy: 'Save the model with save_pretrained (recommended), or save model.state_dict() with torch.save.',
    })
  }
  if (!(stateDict instanceof Map)) return fail('an object that is not a dictionary')
  const tensors = new Map<string, StoredTensor>()
  for (const [name, value] of stateDict as Map<unknown, unknown>) {
    if (typeof name !== 'string') return fail('a key that is not a string')
    if (name.length > MAX_NAME_LENGTH) return fail(`a name of ${name.length} characters`)
    if (value instanceof TensorView)
      tensors.set(name, viewedTensor(file, name, value, positions.get(value.storage.key)!))
    else if (value instanceof OtherTensor) tensors.set(name, otherTensor(file.path, name, value))
  }
  // Skip entries that are not tensors, such as the settings of quantized layers.
  if (tensors.size === 0 && stateDict.size > 0)
    return fail(`${showValue([...stateDict.keys()][0])}, which is not a tensor`)
  return tensors
}
