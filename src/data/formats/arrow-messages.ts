/** Marker at the start of each message in an Arrow stream, since version 0.15. */
const CONTINUATION = -1
const FILE_MAGIC = 'ARROW1'

const HEADERS = { schema: 1, dictionary: 2, records: 3 } as const
const UNION = 14

/** Returns the stream in an Arrow file. The file format adds a magic number before the stream and an index after it. */
export const arrowStream = (bytes: Uint8Array): Uint8Array =>
  Buffer.from(bytes.subarray(0, 6)).toString('latin1') === FILE_MAGIC ? bytes.subarray(8) : bytes

/**
 * Validates the sizes in the message headers of an Arrow stream (Message.fbs, Schema.fbs). The Arrow reader trusts them
 * and would allocate lists of billions of items for a corrupted file.
 * @throws Error that describes the inconsistency
 */
export function checkMessages(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at + 4 <= bytes.length; ) {
    if (view.getInt32(at, true) === CONTINUATION) at += 4
    if (at + 4 > bytes.length) return
    const length = view.getInt32(at, true)
    at += 4
    if (length === 0) return
    if (length < 0 || at + length > bytes.length) throw new Error(`a description of ${length} bytes`)
    at += length + new Description(bytes.subarray(at, at + length)).check()
  }
}

/** Returns the position of a table field by its slot, or 0 if the field is missing. */
type FieldOffsets = (slot: number) => number

/** The header of a message, which is a FlatBuffer. */
class Description {
  private readonly view: DataView
  /** Upper bound for the remaining list items: each takes at least a byte. */
  private left: number

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.left = bytes.length
  }

  /** Validates the header and returns the length of the message's body. */
  check(): number {
    const [type, header, bodyLength] = [6, 8, 10].map(this.table(0))
    const kind = type ? this.view.getUint8(type) : 0
    const length = bodyLength ? this.count(bodyLength) : 0
    if (header && kind === HEADERS.schema) this.checkSchema(this.table(header))
    if (header && kind === HEADERS.records) this.checkRecords(this.table(header), length)
    if (header && kind === HEADERS.dictionary) {
      const data = this.table(header)(6)
      if (data) this.checkRecords(this.table(data), length)
    }
    return length
  }

  private checkSchema(schema: FieldOffsets): void {
    for (const field of this.list(schema(6), 4)) this.checkField(this.table(field))
    this.list(schema(8), 4)
  }

  private checkField(field: FieldOffsets): void {
    const [type, definition, children, metadata] = [8, 10, 14, 16].map(field)
    if (type && definition && this.view.getUint8(type) === UNION) this.list(this.table(definition)(6), 4)
    this.list(metadata, 4)
    for (const child of this.list(children, 4)) this.checkField(this.table(child))
  }

  private checkRecords(records: FieldOffsets, bodyLength: number): void {
    const rows = records(4)
    const columns = this.list(records(6), 16)
    this.list(records(8), 16)
    this.list(records(12), 8)
    // Every value takes at least one bit.
    for (const length of [...(rows ? [rows] : []), ...columns].map((place) => this.count(place)))
      if (length > 8 * bodyLength) throw new Error(`${length} values in ${bodyLength} bytes`)
  }

  private count(place: number): number {
    const count = Number(this.view.getBigInt64(place, true))
    if (!(count >= 0 && Number.isSafeInteger(count))) throw new Error(`a length of ${count}`)
    return count
  }

  /** Reads a table. A position outside the header makes the DataView throw. */
  private table(reference: number): FieldOffsets {
    const start = reference + this.view.getInt32(reference, true)
    const slots = start - this.view.getInt32(start, true)
    const size = this.view.getInt16(slots, true)
    return (slot) => {
      const offset = slot < size ? this.view.getInt16(slots + slot, true) : 0
      return offset === 0 ? 0 : start + offset
    }
  }

  /** Returns the positions of the items of a list. */
  private list(reference: number, stride: number): number[] {
    if (reference === 0) return []
    const start = reference + this.view.getInt32(reference, true)
    const count = this.view.getInt32(start, true)
    this.left -= count
    if (count < 0 || this.left < 0 || start + 4 + count * stride > this.bytes.length)
      throw new Error(`a list of ${count} items in a description of ${this.bytes.length} bytes`)
    return Array.from({ length: count }, (_, i) => start + 4 + i * stride)
  }
}
