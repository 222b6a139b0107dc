import type { PackedWeight } from './layouts.ts'
import { BYTES, type ElementType, type Heap, size, View, view } from './memory.ts'
import type { PackedWeights } from './packed-memory.ts'
import type { Primitives } from './primitives.ts'

/** Number of rows for which the layout of a weight is chosen; only extreme numbers would lead to another layout. */
const TYPICAL_ROWS = 1024

/** A parameter or a part of it as the right factor of products. */
interface Factor {
  /** Number of the packed weight. All lanes count alike, because they run the same program. */
  readonly i: number
  readonly slot: number
  readonly type: ElementType
  readonly dims: readonly number[]
  readonly strides: readonly number[]
  /** Number of elements of the parameter before the part. */
  readonly offset: number
  /** Type of the product. */
  readonly out: ElementType
  packed?: PackedWeight
}

/**
 * Parameters in the type and layout that are best for products. After a change, each is packed again by
 * the first lane that needs it, for all lanes.
 */
export class Weights {
  private readonly factors = new Map<string, Factor>()
  private readonly bySlot = new Map<number, Factor[]>()

  /** `parameter` returns the parameter in a slot. */
  constructor(
    private readonly dnn: Primitives,
    private readonly heap: Heap,
    private readonly shared: PackedWeights,
    private readonly parameter: (slot: number) => View,
  ) {}

  /**
   * Packs `b`, which is the parameter in slot `slot` or a part of it, as the right factor of a product whose factors have
   * type `type` and whose result has type `out`.
   */
  pack(slot: number, b: View, type: ElementType, out: ElementType): PackedWeight {
    const factor = this.factor(slot, b, type, out)
    const version = this.shared.version(slot)
    // While another lane packs it, this lane packs what both need next.
    while (!this.shared.isDone(factor.i, version))
      if (!this.packSlot(slot) && !this.packAny()) this.shared.wait(factor.i, version)
    factor.packed ??= this.shared.get(factor.i)!
    return factor.packed
  }

  private factor(slot: number, b: View, type: ElementType, out: ElementType): Factor {
    const offset = (b.address - this.parameter(slot).address) / BYTES[b.type]
    const key = `${slot} ${offset} ${b.dims}/${b.strides} ${type} ${out}`
    const known = this.factors.get(key)
    if (known) return known
    const factor = { i: this.factors.size, slot, type, dims: b.dims, strides: b.strides, offset, out }
    this.factors.set(key, factor)
    this.bySlot.set(slot, [...(this.bySlot.get(slot) ?? []), factor])
    return factor
  }

  private packAny(): boolean {
    for (const slot of this.bySlot.keys()) if (this.packSlot(slot)) return true
    return false
  }

  /**
   * Packs a parameter for all of its products, except for those for which another lane has claimed it. Returns whether there
   * was anything to do.
   */
  private packSlot(slot: number): boolean {
    const version = this.shared.version(slot)
    const claimed = this.bySlot.get(slot)!.filter(({ i }) => this.shared.claim(i, version))
    try {
      this.packFactors(this.parameter(slot), claimed)
    } catch (error) {
      for (const { i } of claimed) this.shared.abandon(i)
      throw error
    }
    for (const { i } of claimed) this.shared.finish(i, version)
    return claimed.length > 0
  }

  private packFactors(x: View, factors: readonly Factor[]): void {
    const others = factors.filter(({ type }) => type !== x.type)
    // oneDNN has fast code for packing rows only if the type stays the same, and rounding once is faster than twice.
    const rounded = others.length > 1 || others[0]?.strides[1] === 1 ? this.round(x, others[0].type) : undefined
    for (const factor of factors) {
      const { type, dims, strides, offset } = factor
      const from = rounded?.type === type ? rounded : x
      const part = new View(from.type, dims, strides, from.address + offset * BYTES[from.type])
      this.dnn.reorder(part, this.place(factor), 'weights')
    }
    if (rounded) this.heap.release(rounded.address, BYTES[rounded.type] * size(rounded.dims))
  }

  private round(x: View, type: ElementType): View {
    const rounded = view(type, x.dims, this.heap.allocate(BYTES[type] * size(x.dims)))
    this.dnn.reorder(x, rounded, 'weights')
    return rounded
  }

  private place({ i, type, dims, strides, out }: Factor): PackedWeight {
    const known = this.shared.get(i)
    if (known) return known
    const [inner, columns] = dims
    const left = view(type, [TYPICAL_ROWS, inner], 0)
    const result = view(out, [TYPICAL_ROWS, columns], 0)
    return this.shared.place(i, this.dnn.preferred(left, new View(type, dims, strides, 0), result))
  }
}
