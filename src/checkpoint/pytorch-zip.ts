import { SpanforgeError } from '../errors.ts'
import type { BinaryFile } from '../files/binary-file.ts'
import { showText } from '../show-value.ts'
import { unpickle } from './pickle.ts'
import { type Storage, stateDictNames, type TorchFile } from './torch-tensor.ts'
import { readZip } from './zip.ts'

/** The pickle of a BERT model takes a few tens of kB. */
const MAX_PICKLE_BYTES = 64 * 2 ** 20

const MAX_BYTEORDER_BYTES = 16

/**
 * Reads torch's format since version 1.6: a zip archive with one pickle, `data.pkl`, and one file of raw bytes per
 * storage.
 */
export async function readZipFormat(file: BinaryFile): Promise<TorchFile> {
  const entries = await readZip(file)
  const fail = (message: string): never => {
    throw new SpanforgeError(`${file.path}: ${message}`, { remedy: 'Expected a state dict written by torch.save.' })
  }
  const pickleName = [...entries.keys()].find((name) => /^[^/]+\/data\.pkl$/.test(name)) ?? fail('data.pkl is missing')
  const folder = pickleName.slice(0, -'data.pkl'.length)
  const pickle = entries.get(pickleName)!
  if (pickle.size > MAX_PICKLE_BYTES) fail(`data.pkl has ${pickle.size} bytes, expected at most ${MAX_PICKLE_BYTES}`)
  const order = entries.get(`${folder}byteorder`)
  if (order && order.size > MAX_BYTEORDER_BYTES) fail(`byteorder has ${order.size} bytes, expected "little"`)
  if (order && Buffer.from(await file.read(order.position, order.size, 'byteorder')).toString() !== 'little')
    fail('was written on a big-endian machine')

  const storages = new Map<string, Storage>()
  const bytes = await file.read(pickle.position, pickle.size, 'data.pkl')
  const { value } = unpickle(bytes, 0, file.path, stateDictNames(file.path, storages))
  const positions = new Map<string, number>()
  for (const { key, bytes } of storages.values()) {
    const entry = entries.get(`${folder}data/${key}`) ?? fail(`storage ${showText(key)} is missing`)
    if (entry.size !== bytes) fail(`storage ${showText(key)} has ${entry.size} bytes, expected ${bytes}`)
    positions.set(key, entry.position)
  }
  return { stateDict: value, positions }
}
