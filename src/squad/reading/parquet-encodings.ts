import type { DataReader } from 'hyparquet'
import { deltaBinaryUnpack } from 'hyparquet/src/delta.js'
import { readRleBitPackedHybrid } from 'hyparquet/src/encoding.js'
import { readVarInt, readZigZagBigInt } from 'hyparquet/src/thrift.js'

/**
 * Validates `length` bytes of runs in Parquet's RLE / bit-packing hybrid and moves the reader past them. A run must not
 * be longer than the `count` values of its page. The lowest bit of a run's header distinguishes a repeated value of
 * `width` bits from groups of eight packed values.
 * @throws Error that describes the inconsistency
 */
export function checkRuns(reader: DataReader, width: number, count: number, length: number): void {
  const end = reader.offset + length
  if (!(length >= 0 && end <= reader.view.byteLength)) throw new Error(`runs of ${length} bytes`)
  for (let seen = 0; seen < count && reader.offset < end; ) {
    const header = readVarInt(reader)
    const packed = (header & 1) === 1
    const run = (header >>> 1) * (packed ? 8 : 1)
    if (run >= count + (packed ? 8 : 1)) throw new Error(`a run of ${run} values in a page of ${count}`)
    seen += run
    reader.offset += packed ? (run / 8) * width : Math.ceil(width / 8)
  }
  reader.offset = end
}

/** Validates definition levels from 0 to `highest`, and returns how many of the `count` values are not null. */
export function checkDefined(reader: DataReader, highest: number, count: number, length: number): number {
  const runs = { ...reader }
  checkRuns(reader, levelWidth(highest), count, length)
  const levels = new Array<number>(count)
  readRleBitPackedHybrid(runs, levelWidth(highest), levels, length)
  return levels.filter((level) => level === highest).length
}

/** Number of bits for levels up to `highest`. */
export const levelWidth = (highest: number): number => 32 - Math.clz32(highest)

/**
 * Validates blocks with `count` deltas in Parquet's DELTA_BINARY_PACKED and moves the reader past them. The header
 * holds values per block, miniblocks per block, number of values and the first value. Each block holds the smallest
 * delta, the width of each miniblock, and the miniblocks that are needed.
 * @throws Error that describes the inconsistency
 */
export function checkDeltas(reader: DataReader, count: number): void {
  if (count === 0) return
  const [block, miniblocks] = [readVarInt(reader), readVarInt(reader), readVarInt(reader)]
  readZigZagBigInt(reader)
  const values = block / miniblocks
  if (!(miniblocks > 0 && values > 0 && values % 32 === 0))
    throw new Error(`blocks of ${block} values in ${miniblocks} miniblocks`)
  for (let seen = 1; seen < count; ) {
    readZigZagBigInt(reader)
    const widths = reader.offset
    reader.offset += miniblocks
    for (let index = 0; index < miniblocks && seen < count; index++) {
      reader.offset += (values / 8) * reader.view.getUint8(widths + index)
      seen += values
    }
  }
}

/**
 * Validates texts in Parquet's DELTA_BYTE_ARRAY: prefix lengths, suffix lengths, suffixes. A prefix must not be longer
 * than the previous text, and all texts together not longer than `max` bytes.
 * @throws Error that describes the inconsistency
 */
export function checkSharedTexts(reader: DataReader, count: number, max: number): void {
  const [shared, own] = [deltas(reader, count), deltas(reader, count)]
  let [length, sum] = [0, 0]
  for (let index = 0; index < count; index++) {
    if (!(shared[index] >= 0 && shared[index] <= length && own[index] >= 0))
      throw new Error(`a text that shares ${shared[index]} bytes with one of ${length}`)
    length = shared[index] + own[index]
    sum += length
    if (sum > max) throw new Error(`texts of more than ${max} bytes`)
  }
}

function deltas(reader: DataReader, count: number): Int32Array {
  const start = { ...reader }
  checkDeltas(reader, count)
  const values = new Int32Array(count)
  deltaBinaryUnpack(start, count, values)
  return values
}
