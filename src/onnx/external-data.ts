import { concatFields, type Encoded } from '../protobuf.ts'

/** The position of a constant's data in a file next to the model, as encoded in ONNX. */
export interface ExternalLocation {
  /** File name relative to the folder of the model. */
  readonly location: string
  readonly offset: number
  readonly length: number
}

/** Size of a memory page, because runtimes map the file. */
const ALIGNMENT = 4096

/**
 * The data file of an ONNX model whose constants do not fit into the model itself, because protobuf is limited to 2 GB.
 * Nothing is copied; write the `chunks` of `content` to the file.
 */
export class ExternalData {
  private readonly parts: (Uint8Array | Encoded)[] = []
  /** Length of the file in bytes. */
  size = 0

  /**
   * @param location final name of the file, to which the model refers
   * @param least minimum size in bytes; smaller constants stay in the model, where shape inference can read them
   */
  constructor(
    readonly location: string,
    private readonly least = 1024,
  ) {}

  /** Adds the data of a constant. Returns undefined if it is too small. */
  place(data: Encoded): ExternalLocation | undefined {
    if (data.size < this.least) return undefined
    const padding = (ALIGNMENT - (this.size % ALIGNMENT)) % ALIGNMENT
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
