import { SpanforgeError } from '../errors.ts'
import type { BinaryFile } from '../files/binary-file.ts'
import { showText, showValue } from '../show-value.ts'
import { type PickleNames, type Unpickled, unpickle } from './pickle.ts'
import { type Storage, stateDictNames, type TorchFile } from './torch-tensor.ts'

const MAGIC = 0x1950a86a20f9469cfc6cn
/** The pickles come first and take a few tens of kB for a BERT model. Their length is unknown until they are parsed. */
const HEAD_BYTES = 16 * 2 ** 20

/**
 * Reads torch's format before version 1.6. It consists of five pickles (magic number, protocol, system, state dict, and
 * the storage keys in file order), followed by each storage as a 64-bit element count and its elements.
 */
export async function readLegacy(file: BinaryFile): Promise<TorchFile> {
  const fail = (message: string): never => {
    throw new SpanforgeError(`${file.path}: ${message}`, { remedy: 'Expected a state dict written by torch.save.' })
  }
  const head = await file.read(0, Math.min(HEAD_BYTES, file.size), 'the beginning')
  const storages = new Map<string, Storage>()
  const next = (start: number, names: PickleNames): Unpickled => unpickle(head, start, file.path, names)
  const plain: PickleNames = {
    resolve: (module, name) =>
      fail(`rejected: the file requests "${showText(module)}.${showText(name)}" before any weights`),
    persistent: () => fail('found a storage before the state dict'),
  }

  // Without this check, an unrelated file would fail with an unhelpful message about some opcode.
  if (head[0] !== 0x80 || head[2] !== 0x8a) fail('found neither the zip format nor the legacy format of torch.save')
  const magic = next(0, plain)
  if (magic.value !== MAGIC) fail(`found magic number ${showValue(magic.value)}, expected ${MAGIC}`)
  const protocol = next(magic.end, plain)
  if (protocol.value !== 1001) fail(`found protocol ${showValue(protocol.value)}, expected 1001`)
  const system = next(protocol.end, plain)
  if (!(system.value instanceof Map) || system.value.get('little_endian') !== true) fail('is not little-endian')
  const stateDict = next(system.end, stateDictNames(file.path, storages))
  const keys = next(stateDict.end, plain)
  if (!Array.isArray(keys.value)) return fail('the list of storages is missing')

  const positions = new Map<string, number>()
  let at = keys.end
  for (const key of keys.value) {
    if (typeof key !== 'string') return fail(`found storage key ${showValue(key)}, expected a string`)
    const { bytes, count } = storages.get(key) ?? fail(`storage ${showText(key)} does not belong to any tensor`)
    if (positions.has(key)) fail(`storage ${showText(key)} is listed twice`)
    const stored = Buffer.from(await file.read(at, 8, `the size of storage ${showText(key)}`)).readBigUInt64LE()
    if (Number(stored) !== count) fail(`storage ${showText(key)} has ${stored} elements, expected ${count}`)
    if (!(at + 8 + bytes <= file.size)) fail(`storage ${showText(key)} ends at byte ${at + 8 + bytes} of ${file.size}`)
    positions.set(key, at + 8)
    at += 8 + bytes
  }
  for (const key of storages.keys()) if (!positions.has(key)) fail(`storage ${showText(key)} is missing`)
  return { stateDict: stateDict.value, positions }
}
