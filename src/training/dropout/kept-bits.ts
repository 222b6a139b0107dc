import type { Stream } from '../../random/random.ts'
import { randomWasm } from './random-wasm.ts'

/** Number of bits drawn at a time. */
const CHUNK = 8192
const BITS_PER_GROUP = 32
/** Bytes that are expanded at a time; they stay in the processor's nearest caches until they are copied out. */
const SCRATCH = 65_536
/** Number of bytes that a kernel may read or write past the end. */
const SLACK = 64
const PAGE = 65_536

interface RandomKernels {
  // biome-ignore format: as in random.as.ts
  drawBits(out: number, groups: number, threshold: number, block: number, ...counterAndKey: number[]): void
  // biome-ignore format: as in random.as.ts
  expandBits(out: number, bits: number, byteMask: number, start: number, rows: number, step: number, width: number): void
}

/** Rows of bits: row r consists of the `width` bits that start at `start` + r * `step`. */
export interface BitRows {
  readonly start: number
  readonly rows: number
  readonly step: number
  /** At most 65,536. */
  readonly width: number
}

let compiled: WebAssembly.Module | undefined

/**
 * A ring of random bits that are drawn when they are needed. Each bit is 0 (dropped) with a given probability,
 * otherwise 1 (kept), and uses 16 bits of a stream of `random`: bits 2i and 2i + 1 are 0 if the low and the high half
 * of word i, respectively, are below probability * 2^16. The probability is thus rounded to a multiple of 2^-16.
 */
export class KeptBits {
  readonly size: number
  private readonly threshold: number
  private readonly kernels: RandomKernels
  private readonly bytes: Uint8Array
  private readonly scratch: Uint8Array
  /** 1 for each chunk that has been drawn. */
  private readonly drawn: Uint8Array

  /** The ring has a power of two of bits, at least `size`. */
  constructor(
    size: number,
    probability: number,
    private stream: Stream,
  ) {
    if (!(probability >= 0 && probability < 1))
      throw new Error(`dropout: found probability ${probability}, expected 0 <= p < 1`)
    this.threshold = Math.min(Math.round(probability * 2 ** 16), 2 ** 16 - 1)
    this.size = 2 ** Math.ceil(Math.log2(Math.max(size, CHUNK)))
    this.drawn = new Uint8Array(this.size / CHUNK)
    const bytes = this.size / 8 + SLACK
    const memory = new WebAssembly.Memory({ initial: Math.ceil((bytes + SCRATCH + SLACK) / PAGE) })
    this.bytes = new Uint8Array(memory.buffer, 0, bytes)
    this.scratch = new Uint8Array(memory.buffer, bytes, SCRATCH)
    compiled ??= new WebAssembly.Module(Buffer.from(randomWasm, 'base64'))
    this.kernels = new WebAssembly.Instance(compiled, { env: { memory } }).exports as unknown as RandomKernels
  }

  /** Starts again with another stream. */
  restart(stream: Stream): void {
    this.stream = stream
    this.drawn.fill(0)
  }

  /**
   * Writes the rows one after the other into `out`, starting at `at`, with a byte for each bit: 1 where a value is
   * kept.
   */
  expand(out: Uint8Array, at: number, { start, rows, step, width }: BitRows): void {
    const { scratch, bytes, size, kernels } = this
    this.draw(start, start + (rows - 1) * step + width)
    const together = Math.floor(SCRATCH / width)
    for (let row = 0; row < rows; row += together) {
      const n = Math.min(together, rows - row)
      const from = (start + row * step) % size
      kernels.expandBits(scratch.byteOffset, bytes.byteOffset, size / 8 - 1, from, n, step, width)
      out.set(n * width === SCRATCH ? scratch : scratch.subarray(0, n * width), at + row * width)
    }
  }

  /**
   * Returns the first `count` bits as numbers, starting over at the end of the ring. `count` is a multiple of 65,536.
   */
  values(count: number): Float32Array {
    const bytes = new Uint8Array(count)
    this.expand(bytes, 0, { start: 0, rows: count / SCRATCH, step: SCRATCH, width: SCRATCH })
    return new Float32Array(bytes)
  }

  private draw(start: number, end: number): void {
    const { drawn, bytes, threshold, stream, kernels } = this
    for (let i = Math.floor(start / CHUNK); i * CHUNK < end; i++) {
      const chunk = i % drawn.length
      if (drawn[chunk]) continue
      const [address, block] = [(chunk * CHUNK) / 8, (chunk * CHUNK) / 8]
      kernels.drawBits(address, CHUNK / BITS_PER_GROUP, threshold, block, ...stream.counters, ...stream.key)
      if (chunk === 0) bytes.copyWithin(bytes.length - SLACK, 0, SLACK)
      drawn[chunk] = 1
    }
  }
}
