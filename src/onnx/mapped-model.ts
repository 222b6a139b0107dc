import { closeSync, fstatSync, openSync, readSync, realpathSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { concatFields, type Encoded, messageField, toBytes } from '../protobuf.ts'
import { DATA_ALIGNMENT, locationFields, MIN_EXTERNAL } from './external-data.ts'

/** Numbers of fields in onnx.proto3. */
const GRAPH = 7
const INITIALIZER = 5
const RAW_DATA = 9
const EXTERNAL_DATA = 13

/** A model whose large tensors refer to their places in a file. */
export interface MappedModel {
  readonly model: Uint8Array
  /** The folder that contains the file. */
  readonly folder: string
}

/**
 * Reads an ONNX model without the data of its large tensors, which instead refer to their places in the file, so that a
 * runtime can map them into memory. Loading the file itself needs memory for the file, the decoded message and the tensors
 * at once. Runtimes reject data behind a link to another folder, as in the cache of a hub, so the tensors refer to the file
 * that a link points to. Returns undefined if the data is not aligned, which is usual in files of other tools, if it is in
 * another file already, or if the file is not a complete model, about which the runtime has the better error.
 */
export function readMappedModel(path: string): MappedModel | undefined {
  let file: number | undefined
  try {
    const target = realpathSync(path)
    file = openSync(target, 'r')
    const model = new ModelFile(file, basename(target))
    return { model: toBytes(concatFields(model.mapped())), folder: dirname(target) }
  } catch {
    return undefined
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

/** A field of a message: the positions in the file where it, its content and the next field begin. */
interface Field {
  readonly number: number
  readonly start: number
  readonly content: number
  readonly end: number
}

class ModelFile {
  private readonly size: number
  /** The bytes that were read last, and their position. */
  private window = new Uint8Array(0)
  private from = 0

  constructor(
    private readonly file: number,
    private readonly name: string,
  ) {
    this.size = fstatSync(file).size
  }

  mapped(): Encoded[] {
    const fields = this.fields(0, this.size)
    if (!fields.some(({ number }) => number === GRAPH)) throw new RangeError('no graph')
    return fields.map((field) =>
      field.number === GRAPH
        ? messageField(
            GRAPH,
            ...this.fields(field.content, field.end).map((part) =>
              part.number === INITIALIZER ? this.tensor(part) : this.copy(part),
            ),
          )
        : this.copy(field),
    )
  }

  private tensor(tensor: Field): Encoded {
    const fields = this.fields(tensor.content, tensor.end)
    if (fields.some(({ number }) => number === EXTERNAL_DATA)) throw new RangeError('data in another file')
    const data = fields.find(({ number }) => number === RAW_DATA)
    if (!data || data.end - data.content < MIN_EXTERNAL) return this.copy(tensor)
    if (data.content % DATA_ALIGNMENT !== 0) throw new RangeError('not aligned')
    const others = fields.filter((field) => field !== data).map((field) => this.copy(field))
    const place = { location: this.name, offset: data.content, length: data.end - data.content }
    return messageField(INITIALIZER, ...others, ...locationFields(place))
  }

  private copy({ start, end }: Field): Encoded {
    const bytes = new Uint8Array(end - start)
    if (readSync(this.file, bytes, 0, bytes.length, start) !== bytes.length) throw new RangeError('truncated')
    return concatFields([bytes])
  }

  private fields(start: number, end: number): Field[] {
    const found: Field[] = []
    for (let at = start; at < end; ) {
      const field = this.field(at)
      if (field.end > end) throw new RangeError('truncated')
      found.push(field)
      at = field.end
    }
    return found
  }

  private field(start: number): Field {
    const [tag, content] = this.varint(start)
    const field = { number: Math.floor(tag / 8), start }
    switch (tag % 8) {
      case 0:
        return { ...field, content, end: this.varint(content)[1] }
      case 1:
        return { ...field, content, end: content + 8 }
      case 2: {
        const [length, first] = this.varint(content)
        return { ...field, content: first, end: first + length }
      }
      case 5:
        return { ...field, content, end: content + 4 }
      default:
        throw new RangeError('unknown wire type')
    }
  }

  /** Returns the value, which is exact below 2^53, and the position after it. */
  private varint(at: number): [value: number, end: number] {
    let value = 0
    for (let i = 0; i < 10; i++) {
      const byte = this.byte(at + i)
      value += (byte & 127) * 2 ** (7 * i)
      if (byte < 128) return [value, at + i + 1]
    }
    throw new RangeError('unknown integer')
  }

  private byte(at: number): number {
    if (at < this.from || at >= this.from + this.window.length) {
      this.window = new Uint8Array(Math.max(0, Math.min(WINDOW, this.size - at)))
      this.from = at
      readSync(this.file, this.window, 0, this.window.length, at)
    }
    const byte = this.window[at - this.from]
    if (byte === undefined) throw new RangeError('truncated')
    return byte
  }
}

/** Number of bytes that are read at once to find fields. */
const WINDOW = 4096
