/** Where the data of a constant is in a file beside the model, as ONNX writes it. */
export interface ExternalLocation {
  /** The file, relative to the model's folder. */
  readonly location: string
  readonly offset: number
  readonly length: number
}

/** Pages of memory: runtimes map the file instead of reading it. */
const ALIGNMENT = 4096

/**
 * The data file of an ONNX model whose constants are too large for the model itself: protobuf ends at 2 GB. Nothing is
 * copied; write `chunks` one after the other to the file.
 */
export class ExternalData {
  readonly chunks: Uint8Array[] = []
  /** Length of the file in bytes. */
  size = 0

  /**
   * @param location the file's name as the model refers to it, which must be its final one
   * @param least constants of fewer bytes stay in the model, where shape inference can read them
   */
  constructor(
    readonly location: string,
    private readonly least = 1024,
  ) {}

  /** Takes in the data of a constant, unless it is small. */
  place(data: Uint8Array): ExternalLocation | undefined {
    if (data.length < this.least) return undefined
    const padding = (ALIGNMENT - (this.size % ALIGNMENT)) % ALIGNMENT
    if (padding > 0) this.chunks.push(new Uint8Array(padding))
    const offset = this.size + padding
    this.chunks.push(data)
    this.size = offset + data.length
    return { location: this.location, offset, length: data.length }
  }
}
