import { concatFields, type Encoded, integerField, messageField, textField } from '../protobuf.ts'

/** The position of a constant's data in a file next to the model, as encoded in ONNX. */
export interface ExternalLocation {
  /** File name relative to the folder of the model. */
  readonly location: string
  readonly offset: number
  readonly length: number
}

/** Size of a memory page, because runtimes map the file. */
const PAGE = 4096

/** Alignment of data within a model, because runtimes compute on a mapped file. No vector or cache line is larger. */
export const DATA_ALIGNMENT = 64

/** Smaller tensors stay in the model, where shape inference can read them. */
export const MIN_EXTERNAL = 1024

/** Value of TensorProto.DataLocation. */
const EXTERNAL = 1

/** The fields of a TensorProto whose data is elsewhere. */
export const locationFields = (place: ExternalLocation): Encoded[] => [
  ...Object.entries(place).map(([key, value]) => messageField(13, textField(1, key), textField(2, String(value)))),
  integerField(14, EXTERNAL),
]

/**
 * The data file of an ONNX model whose constants do not fit into the model itself, because protobuf is limited to 2 GB.
 * Nothing is copied; write the `chunks` of `content` to the file.
 */
export class ExternalData {
  private readonly parts: (Uint8Array | Encoded)[] = []
  /** Length of the file in bytes. */
  size = 0

  /** @param location final name of the file, to which the model refers */
  constructor(readonly location: string) {}

  /** Adds the data of a constant. Returns undefined if it is too small. */
  place(data: Encoded): ExternalLocation | undefined {
    if (data.size < MIN_EXTERNAL) return undefined
    const padding = (PAGE - (this.size % PAGE)) % PAGE
    if (padding > 0) this.parts.push(new Uint8Array(padding))
    const offset = this.size + padding
    this.parts.push(data)
    this.size = offset + data.size
    return { location: this.location, offset, length: data.size }
  }

  /** The content of the file. */
  get content(): Encoded {
    return concatFields(this.parts)
  }
}
