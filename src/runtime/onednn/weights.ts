import type { PackedWeight } from './layouts.ts'
import { BYTES, type ElementType, type Heap, size, View, view } from './memory.ts'
import type { Primitives } from './primitives.ts'

/** Number of rows for which the layout of a weight is chosen; only extreme numbers would lead to another layout. */
const TYPICAL_ROWS = 1024

interface Weight {
  readonly packed: PackedWeight
  /** Version of the parameter from which it was packed. */
  version: number
}

/** Parameters in the type and layout that are best for products. They are packed again after they have changed. */
export class Weights {
  private readonly weights = new Map<string, Weight>()
  /** Versions of the parameters, by slot. */
  private readonly versions = new Map<number, number>()

  constructor(
    private readonly dnn: Primitives,
    private readonly heap: Heap,
  ) {}

  changed(slot: number): void {
    this.versions.set(slot, (this.versions.get(slot) ?? 0) + 1)
  }

  /**
   * Packs `b`, which is the parameter x in slot `slot` or a part of it, as the right factor of a product whose factors have one
   * type and whose result has type `out`.
   */
  pack(slot: number, x: View, b: View, factors: ElementType, out: ElementType): PackedWeight {
    const key = `${slot} ${b.address - x.address} ${b.dims}/${b.strides} ${factors} ${out}`
    let weight = this.weights.get(key)
    const version = this.versions.get(slot) ?? 0
    if (!weight) {
      const [inner, columns] = b.dims
      const left = view(factors, [TYPICAL_ROWS, inner], 0)
      const result = view(out, [TYPICAL_ROWS, columns], 0)
      const { descriptor, bytes } = this.dnn.preferred(left, new View(factors, b.dims, b.strides, b.address), result)
      weight = { packed: { descriptor, address: this.heap.allocate(bytes) }, version: version - 1 }
      this.weights.set(key, weight)
    }
    if (weight.version !== version) {
      this.packValue(b, factors, weight.packed)
      weight.version = version
    }
    return weight.packed
  }

  private packValue(b: View, factors: ElementType, packed: PackedWeight): void {
    // Rows of float32 are rounded first: oneDNN has fast code for packing them only if the type stays the same.
    const isOfRows = b.strides[1] === 1
    const from = isOfRows && factors !== b.type ? this.roomLike(b, factors) : b
    if (from !== b) this.dnn.reorder(b, from, 'weights')
    this.dnn.reorder(from, packed, 'weights')
    if (from !== b) this.free(from)
  }

  /** Allocates an array of the same layout. */
  private roomLike({ dims, strides }: View, type: ElementType): View {
    return new View(type, dims, strides, this.heap.allocate(BYTES[type] * size(dims)))
  }

  private free({ type, dims, address }: View): void {
    this.heap.release(address, BYTES[type] * size(dims))
  }
}
