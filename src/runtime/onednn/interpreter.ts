import { type Bindings, bindShape } from '../../graph/shape.ts'
import { nativeMemory } from '../../native/koffi.ts'
import { kernels } from './kernels/index.ts'
import type { Use } from './kernels/kernel.ts'
import type { PackedWeight } from './layouts.ts'
import { BYTES, type ElementType, Heap, reshaped, size, type View, view } from './memory.ts'
import { changed, freePacked, type PackedMemory, PackedWeights, reservePacked } from './packed-memory.ts'
import type { PostOp, Primitives } from './primitives.ts'
import type { FusedOp, Program, Step } from './program.ts'
import { Weights } from './weights.ts'

/** An input or output in memory that its owner keeps. */
export interface Placed {
  readonly address: number
  readonly dims: readonly number[]
}
export type PlacedValues = Readonly<Record<string, Placed>>

type Tools = Omit<Use, 'inputs' | 'outputs' | 'post' | 'attributes' | 'saved' | 'isExact'>

/** Memory of a computed value. Slots with the same elements in other dimensions share it. */
interface Room {
  readonly address: number
  readonly bytes: number
  users: number
}

/** Operators that return their first operand, possibly with other dimensions. */
const SHARING: ReadonlySet<string> = new Set(['Reshape', 'spanforge.After'])

/** Extra rows after each array of tokens, which attention may write. */
const SLACK_ROWS = 16

/**
 * Rows of at least this many numbers are copied by the C library. For shorter ones, a call takes longer than copying in
 * JavaScript.
 */
const WIDE = 256

/** Size of the reserved address range. Linux allocates memory only for the addresses that are used. */
const RESERVED_BYTES = 2 ** 40

/** Runs a program, step by step, on the calling thread and OpenMP's. */
export class Interpreter {
  private readonly heap: Heap
  private readonly packed: PackedMemory
  private readonly weights: Weights
  private readonly constants = new Map<number, View>()
  /** Inputs whose dimensions are the same in each run. */
  private readonly parameters: ReadonlySet<number>
  private readonly held = new Map<number, Placed>()
  private readonly memory = nativeMemory()
  private readonly onesOf = new Map<ElementType, View>()
  /** The current step. All steps share one object, because kernels run often and copying it is slow. */
  private readonly use: { -readonly [K in keyof Use]: Use[K] }

  // State of the current run:
  private current!: Step
  private views: (View | undefined)[] = []
  private rooms: (Room | undefined)[] = []
  private temporaries: Room[] = []
  private readonly saved = new Map<number, readonly View[]>()

  /** With `shared`, its weights are packed there, for interpreters of the same program in other threads too. */
  constructor(
    private readonly dnn: Primitives,
    private readonly program: Program,
    private readonly factors: 'f32' | 'bf16',
    private readonly shared?: PackedMemory,
  ) {
    this.heap = new Heap(RESERVED_BYTES)
    this.packed = shared ?? reservePacked(program.slots.length)
    this.weights = new Weights(dnn, this.heap, new PackedWeights(this.packed), (slot) => this.views[slot]!)
    this.use = { ...this.tools(), inputs: [], outputs: [], post: [], attributes: {}, isExact: false }
    this.parameters = new Set(
      Object.values(program.inputs).filter((slot) => program.slots[slot].shape.every((dim) => typeof dim === 'number')),
    )
    for (const { slot, data } of program.constants) {
      const { type, shape } = program.slots[slot]
      const x = view(type, shape as number[], this.heap.allocate(data.byteLength))
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
      new Uint8Array(this.memory.view(x.address, data.byteLength)).set(bytes)
      this.constants.set(slot, x)
    }
  }

  hold(values: PlacedValues): void {
    const { inputs, outputs } = this.program
    for (const [name, value] of Object.entries(values))
      for (const slot of [inputs[name], outputs[name]]) if (slot !== undefined) this.held.set(slot, value)
  }

  /** Reads the inputs and writes the outputs: those that are held, and those in `passed`. */
  run(passed: PlacedValues, bindings: Bindings): void {
    const { inputs, outputs, slots, steps } = this.program
    this.views = [...slots.keys()].map((slot) => this.constants.get(slot))
    this.rooms = []
    for (const [name, slot] of [...Object.entries(inputs), ...Object.entries(outputs)]) {
      const value = passed[name] ?? this.held.get(slot)!
      this.views[slot] = view(slots[slot].type, value.dims, value.address)
      if (passed[name]) changed(this.packed, slot)
    }
    try {
      for (const step of steps) this.step(step, bindings)
    } finally {
      for (const room of new Set([...this.rooms, ...this.temporaries]))
        if (room) this.heap.release(room.address, room.bytes)
      for (const arrays of this.saved.values()) this.free(arrays)
      this.rooms = []
      this.temporaries = []
      this.saved.clear()
    }
  }

  close(): void {
    this.heap.close()
    if (!this.shared) freePacked(this.packed)
  }

  private step(step: Step, bindings: Bindings): void {
    const inputs = step.inputs.map((slot) => this.views[slot]!)
    const post = step.post.map((p) => this.postOp(p))
    const outputs = step.outputs.map((slot) => this.result(slot, step, bindings))
    this.current = step
    const use = this.use
    use.inputs = inputs
    use.outputs = outputs
    use.post = post
    use.attributes = step.attributes
    use.saved = step.saved
    use.isExact = step.isExact ?? false
    if (this.dnn.profile) this.dnn.profile.measure(step.op, () => kernels[step.op](use))
    else kernels[step.op](use)
    for (const room of this.temporaries.splice(0)) this.heap.release(room.address, room.bytes)
    for (const slot of step.last) this.drop(slot)
  }

  private postOp(p: FusedOp): PostOp {
    return 'slot' in p ? { op: p.op, with: this.views[p.slot]! } : p
  }

  /**
   * Returns where a step writes a result: to the output itself, to its operand's memory for a reshape, or to new
   * memory.
   */
  private result(slot: number, step: Step, bindings: Bindings): View {
    const placed = this.views[slot]
    if (placed) return placed
    const dims = bindShape(this.program.slots[slot].shape, bindings)
    const x = SHARING.has(step.op) ? this.share(step.inputs[0], slot, dims) : this.newRoom(slot, dims)
    this.views[slot] = x
    return x
  }

  private share(operand: number, slot: number, dims: readonly number[]): View {
    const room = this.rooms[operand]
    this.rooms[slot] = room
    if (room) room.users++
    return reshaped(this.views[operand]!, dims)
  }

  private newRoom(slot: number, dims: readonly number[]): View {
    const { shape, type } = this.program.slots[slot]
    const isOfTokens = shape.length > 1 && shape.slice(1).every((dim) => typeof dim === 'number')
    const bytes = BYTES[type] * (size(dims) + (isOfTokens ? SLACK_ROWS * size(dims.slice(1)) : 0))
    const room = { address: this.heap.allocate(bytes), bytes, users: 1 }
    this.rooms[slot] = room
    return view(type, dims, room.address)
  }

  private drop(slot: number): void {
    const room = this.rooms[slot]
    this.rooms[slot] = undefined
    if (room && --room.users === 0) this.heap.release(room.address, room.bytes)
  }

  private allocate(type: ElementType, dims: readonly number[]): View {
    return view(type, dims, this.heap.allocate(BYTES[type] * size(dims)))
  }

  private free(arrays: readonly View[]): void {
    for (const { address, type, dims } of arrays) this.heap.release(address, BYTES[type] * size(dims))
  }

  /** Returns the helpers that every kernel can use. */
  private tools(): Tools {
    const { dnn, factors } = this
    const temporary = (type: ElementType, dims: readonly number[]): View => {
      const x = this.allocate(type, dims)
      this.temporaries.push({ address: x.address, bytes: BYTES[type] * size(dims), users: 1 })
      return x
    }
    return {
      ...{ dnn, factors, temporary },
      isForeign: ({ address }) => !this.heap.contains(address),
      as: (x, type) => {
        if (x.type === type) return x
        const y = temporary(type, x.dims)
        dnn.reorder(x, y, 'cast')
        return y
      },
      weight: (input, b, type, out): PackedWeight | undefined => {
        const slot = this.current.inputs[input]
        return b.dims.length === 2 && this.parameters.has(slot) ? this.weights.pack(slot, b, type, out) : undefined
      },
      keep: (type, dims) => this.allocate(type, dims),
      save: (arrays) => void this.saved.set(this.current.saved!, arrays),
      restore: () => {
        const saved = this.current.saved!
        const arrays = this.saved.get(saved)!
        this.saved.delete(saved)
        for (const { address, type, dims } of arrays)
          this.temporaries.push({ address, bytes: BYTES[type] * size(dims), users: 1 })
        return arrays
      },
      ones: (type, count) => this.ones(type, count),
      copy: (from, to, bytes) => this.memory.move(to.address, from.address, bytes),
      copyRows: (from, to, index) => this.copyRows(from, to, index),
      numbers: (x) => new Float32Array(this.memory.view(x.address, 4 * size(x.dims))),
      integers: (x) => new Int32Array(this.memory.view(x.address, 4 * size(x.dims))),
      zero: (x, from, count) => this.memory.fill(x.address + from * BYTES[x.type], 0, count * BYTES[x.type]),
    }
  }

  private copyRows(from: View, to: View, index: Int32Array): void {
    const width = from.dims.at(-1)!
    const bytes = BYTES[from.type] * width
    if (width >= WIDE) {
      for (let i = 0; i < index.length; i++)
        this.memory.move(to.address + i * bytes, from.address + index[i] * bytes, bytes)
      return
    }
    const [source, target] = [this.bits(from), this.bits(to)]
    for (let i = 0, at = 0; i < index.length; i++)
      for (let j = 0, start = index[i] * width; j < width; j++) target[at++] = source[start + j]
  }

  /** The elements of an array as they are stored. */
  private bits({ type, address, dims }: View): Uint8Array | Uint16Array | Uint32Array {
    const BitsArray = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array }[BYTES[type]]
    return new BitsArray(this.memory.view(address, BYTES[type] * size(dims)))
  }

  /** A row of ones [1, count]. */
  private ones(type: ElementType, count: number): View {
    let row = this.onesOf.get(type)
    if (!row || row.dims[1] < count) {
      if (row) this.free([row])
      row = this.allocate(type, [1, 2 * count])
      const bytes = this.memory.view(row.address, BYTES[type] * size(row.dims))
      if (type === 'bf16') new Uint16Array(bytes).fill(0x3f80)
      else new Float32Array(bytes).fill(1)
      this.onesOf.set(type, row)
    }
    return reshaped(row, [1, count])
  }
}
