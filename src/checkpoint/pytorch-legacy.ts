import { SpanforgeError } from '../errors.ts'
import type { BinaryFile } from '../files/binary-file.ts'
import { showText, showValue } from '../show-value.ts'
import { type PickleNames, type Unpickled, unpickle } from './pickle.ts'
import { type Storage, stateDictNames, type TorchFile } from './torch-tensor.ts'

const MAGIC = 0x1950a86a20f9469cfc6cn
/** The pickles come first and take some tens of kB for a BERT; where they end is known only once they are read. */
const HEAD_BYTES = 16 * 2 ** 20

/**
 * torch's format before 1.6: five pickles (magic number, protocol, system, state dict, keys of the storages in the
 * order in which they follow), then each storage as a 64-bit element count and its elements.
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
      fail(`refused: the file asks for "${showText(module)}.${showText(name)}" before any weights`),
    persistent: () => fail('found a storage before the state dict'),
  }

  // Any other file would fail at some opcode or other, with a message that helps nobody.
  if (head[0] !== 0x80 || head[2] !== 0x8a) fail('found neither the zip nor the older format of torch.save')
  const magic = next(0, plain)
  if (magic.value !== MAGIC) fail(`found the number ${showValue(magic.value)} where torch writes ${MAGIC}`)
  const protocol = next(magic.end, plain)
  if (protocol.value !== 1001) fail(`found protocol ${showValue(protocol.value)}, expected 1001`)
  const system = next(protocol.end, plain)
  if (!(system.value instanceof Map) || system.value.get('little_endian') !== true) fail('is not little-endian')
  const stateDict = next(system.end, stateDictNames(file.path, storages))
  const keys = next(stateDict.end, plain)
  if (!Array.isArray(keys.value)) return fail('does not list its storages')

  const positions = new Map<string, number>()
  let at = keys.end
  for (const key of keys.value) {
    if (typeof key !== 'string') return fail(`lists the storage ${showValue(key)}, expected a text`)
    const { bytes, count } = storages.get(key) ?? fail(`storage ${showText(key)} belongs to no tensor`)
    if (positions.has(key)) fail(`storage ${showText(key)} has two places in the list of storages`)
    const stored = Buffer.from(await file.read(at, 8, `the size of storage ${showText(key)}`)).readBigUInt64LE()
    if (Number(stored) !== count) fail(`storage ${showText(key)} has ${stored} elements, expected ${count}`)
    if (!(at + 8 + bytes <= file.size)) fail(`storage ${showText(key)} ends at byte ${at + 8 + bytes} of ${file.size}`)
    positions.set(key, at + 8)
    at += 8 + bytes
  }
  for (const key of storages.keys()) if (!positions.has(key)) fail(`storage ${showText(key)} is missing`)
  return { stateDict: stateDict.value, positions }
}
