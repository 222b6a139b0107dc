import { SpanforgeError } from '../errors.ts'
import { BinaryFile } from '../files/binary-file.ts'
import { parseHeader } from './safetensors-header.ts'
import { contiguousTensor, type TensorSource } from './stored-tensor.ts'

/** The limit of the reference implementation. */
const MAX_HEADER_BYTES = 100_000_000

export interface SafetensorsFile extends TensorSource {
  /** Entries that the writer added to the header, such as `format: 'pt'`. */
  readonly metadata: Readonly<Record<string, string>>
}

/**
 * Opens a safetensors file: an 8-byte header length, a JSON header and the bytes of the tensors. Reads and validates
 * only the header; tensors are read on demand.
 */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  const file = await BinaryFile.open(path)
  try {
    const lengthBytes = await file.read(0, 8, 'the header length')
    const headerBytes = checkHeaderLength(Buffer.from(lengthBytes).readBigUInt64LE(), file)
    const dataStart = 8 + headerBytes
    const header = await file.read(8, headerBytes, 'the header')
    const { entries, metadata } = parseHeader(header, file.size - dataStart, path)
    const tensors = new Map(
      Array.from(entries, ([name, { dtype, shape, begin }]) => [
        name,
        contiguousTensor(file, name, dtype, shape, dataStart + begin),
      ]),
    )
    return { tensors, metadata, close: () => file.close() }
  } catch (error) {
    await file.close()
    throw error
  }
}

function checkHeaderLength(headerBytes: bigint, file: BinaryFile): number {
  const max = Math.min(MAX_HEADER_BYTES, file.size - 8)
  if (headerBytes <= max) return Number(headerBytes)
  throw new SpanforgeError(
    `${file.path}: found a header length of ${headerBytes} bytes in a file of ${file.size}, expected at most ${max}`,
    { remedy: 'The file is truncated or is not a safetensors file. Download or copy it again.' },
  )
}
