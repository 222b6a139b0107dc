import { SpanforgeError } from '../errors.ts'
import { BinaryFile } from '../files/binary-file.ts'
import { parseHeader } from './safetensors-header.ts'
import { contiguousTensor, type TensorSource } from './stored-tensor.ts'

/** The limit of the format's own implementation. */
const MAX_HEADER_BYTES = 100_000_000

export interface SafetensorsFile extends TensorSource {
  /** What the writer noted about the file, such as `format: 'pt'`. */
  readonly metadata: Readonly<Record<string, string>>
}

/**
 * Opens a safetensors file: 8 bytes header length, a JSON header, then the tensors' bytes. Only the header is read
 * and checked now; tensors are read when asked for.
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
  const most = Math.min(MAX_HEADER_BYTES, file.size - 8)
  if (headerBytes <= most) return Number(headerBytes)
  throw new SpanforgeError(
    `${file.path}: found a header length of ${headerBytes} bytes in a file of ${file.size}, expected at most ${most}`,
    { remedy: 'The file is cut off or is not a safetensors file: download or copy it again.' },
  )
}
