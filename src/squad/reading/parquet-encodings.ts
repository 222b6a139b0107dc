import type { DataReader } from 'hyparquet'
import { deltaBinaryUnpack } from 'hyparquet/src/delta.js'
import { readRleBitPackedHybrid } from 'hyparquet/src/encoding.js'
import { readVarInt, readZigZagBigInt } from 'hyparquet/src/thrift.js'

/**
 * Refuses a run that is longer than the `count` values of its page, among `length` bytes of runs that begin where the
 * reader stands and past which it is put. (Parquet's RLE / bit-packing hybrid: the lowest bit of a run's header tells a
 * run of one value, of `width` bits, from one of groups of eight packed values.)
 * @throws Error with what was found
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

/** Likewise for levels of definition from 0 to `highest`; returns how many of the `count` values are there. */
export function checkDefined(reader: DataReader, highest: number, count: number, length: number): number {
  const runs = { ...reader }
  checkRuns(reader, levelWidth(highest), count, length)
  const levels = new Array<number>(count)
  readRleBitPackedHybrid(runs, levelWidth(highest), levels, length)
  return levels.filter((level) => level === highest).length
}

/** Bits that a level of at most `highest` takes. */
export const levelWidth = (highest: number): number => 32 - Math.clz32(highest)

/**
 * Refuses blocks of `count` deltas that do not lie as they must, and puts the reader past them. (Parquet's
 * DELTA_BINARY_PACKED: values per block, miniblocks per block, values, the first one; then in each block the smallest
 * delta, the width of each miniblock and as many of them as are needed.)
 * @throws Error with what was found
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
 * Refuses texts that share more with the text before than it has, and more than `most` bytes of them. (Parquet's
 * DELTA_BYTE_ARRAY: the lengths of what is shared, the lengths of what follows, then what follows.)
 * @throws Error with what was found
 */
export function checkSharedTexts(reader: DataReader, count: number, most: number): void {
  const [shared, own] = [deltas(reader, count), deltas(reader, count)]
  let [length, sum] = [0, 0]
  for (let index = 0; index < count; index++) {
    if (!(shared[index] >= 0 && shared[index] <= length && own[index] >= 0))
      throw new Error(`a text that shares ${shared[index]} bytes with one of ${length}`)
    length = shared[index] + own[index]
    sum += length
    if (sum > most) throw new Error(`texts of more than ${most} bytes`)
  }
}

function deltas(reader: DataReader, count: number): Int32Array {
  const start = { ...reader }
  checkDeltas(reader, count)
  const values = new Int32Array(count)
  deltaBinaryUnpack(start, count, values)
  return values
}
