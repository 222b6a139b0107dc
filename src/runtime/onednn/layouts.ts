/** Layouts of arrays as oneDNN sees them: descriptors, and memory objects that point at arrays. */
import type { Handle } from '../../native/find-library.ts'
import type { Library } from './library.ts'
import type { ElementType, View } from './memory.ts'

/** Numbers of dnnl_data_type_t, the same in all of oneDNN 3. */
export const TYPE: Readonly<Record<ElementType, number>> = { bf16: 2, f32: 3, s32: 4, u8: 6 }

export const int64 = (values: readonly number[]): BigInt64Array => BigInt64Array.from(values, BigInt)

/** A matrix in a layout of oneDNN's own choice. */
export interface PackedWeight {
  readonly descriptor: Handle
  readonly address: number
}

interface Layout {
  /** A short number, for the keys of primitives. */
  readonly number: number
  readonly descriptor: Handle
  /** Memory objects by argument, each pointed at the array of the latest call. */
  readonly memories: Map<number, { readonly handle: Handle; address: number }>
}

export class Layouts {
  /** Layouts of plain arrays, by signature. */
  private readonly plain = new Map<string, Layout>()
  /** Layouts of packed weights, by descriptor. */
  private readonly packed = new Map<Handle, Layout>()

  constructor(
    private readonly lib: Library,
    private readonly engine: Handle,
  ) {}

  of(x: View | PackedWeight): Layout {
    return 'descriptor' in x ? this.ofPacked(x) : this.ofView(x)
  }

  /** Returns a memory object for an argument that points at the array. */
  memory(x: View | PackedWeight, argument: number): Handle {
    const { descriptor, memories } = this.of(x)
    let memory = memories.get(argument)
    if (memory === undefined) {
      memory = { handle: this.lib.memory(descriptor, this.engine, x.address), address: x.address }
      memories.set(argument, memory)
    } else if (memory.address !== x.address) {
      this.lib.setAddress(memory.handle, x.address)
      memory.address = x.address
    }
    return memory.handle
  }

  /** Frees all but the descriptors of packed weights, which belong to others. */
  close(): void {
    const { lib } = this
    for (const { memories } of [...this.plain.values(), ...this.packed.values()])
      for (const { handle } of memories.values()) lib.freeMemory(handle)
    for (const { descriptor } of this.plain.values()) lib.freeDescriptor(descriptor)
  }

  private ofPacked({ descriptor }: PackedWeight): Layout {
    let layout = this.packed.get(descriptor)
    if (!layout) {
      layout = this.numbered(descriptor)
      this.packed.set(descriptor, layout)
    }
    return layout
  }

  private ofView(x: View): Layout {
    let layout = this.plain.get(x.signature)
    if (!layout) {
      layout = this.numbered(this.lib.descriptor(x.dims.length, int64(x.dims), TYPE[x.type], int64(x.strides)))
      this.plain.set(x.signature, layout)
    }
    return layout
  }

  private numbered(descriptor: Handle): Layout {
    return { number: this.plain.size + this.packed.size, descriptor, memories: new Map() }
  }
}
