import { SpanforgeError } from '../../errors.ts'
import type { Graph } from '../../graph/tensor.ts'
import type { DeviceStore, ResidentCompileOptions, ResidentExecutable, Value, Values } from '../engine.ts'
import type { DeviceFacts } from '../engine-entry.ts'
import { withWitness } from './copy-model.ts'
import type { Device } from './device.ts'
import { encodeGraph } from './encode-graph.ts'

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`

/** A part of the device's memory with its own names of slots. */
export class WebGpuStore implements DeviceStore {
  private readonly prefix: string
  private readonly graphs: number[] = []
  private readonly slots = new Set<string>()
  private readonly bytes = new Map<string, number>()

  constructor(
    private readonly device: Device,
    private readonly profilePrefix: string | undefined,
    private readonly limits: Pick<DeviceFacts, 'memory_bytes' | 'largest_buffer_bytes'> = {},
  ) {
    this.prefix = `store ${device.newId()} `
  }

  async compile(
    graph: Graph,
    { stays = [], precision = 'float32' }: ResidentCompileOptions = {},
  ): Promise<ResidentExecutable> {
    const id = this.device.newId()
    const model = encodeGraph(withWitness(graph, stays), precision)
    await this.device.compile(id, model, { stays, profilePrefix: this.profilePrefix })
    this.graphs.push(id)
    return {
      run: (inputs, { from, to }) => this.device.run(id, inputs, { from: this.named(from), to: this.named(to) }),
    }
  }

  /** @throws SpanforgeError if the values do not fit into the device, which would not always report it itself */
  async write(values: Values): Promise<void> {
    for (const [slot, { data }] of Object.entries(values)) this.reserve(slot, data.byteLength)
    return this.device.write(
      Object.fromEntries(Object.entries(values).map(([slot, value]) => [this.name(slot), value])),
    )
  }

  read(slot: string): Promise<Value> {
    return this.device.read(this.name(slot))
  }

  /** A lost device has nothing left to free. */
  async release(): Promise<void> {
    await this.device.free([...this.slots]).catch(() => {})
    for (const id of this.graphs.splice(0)) await this.device.release(id).catch(() => {})
    this.slots.clear()
  }

  private reserve(slot: string, bytes: number): void {
    const { memory_bytes = Infinity, largest_buffer_bytes = Infinity } = this.limits
    this.bytes.set(slot, bytes)
    const total = [...this.bytes.values()].reduce((a, b) => a + b)
    const remedy = 'Use a smaller model, freeze layers (--freeze_layers), or use --device cpu.'
    if (bytes > largest_buffer_bytes)
      throw new SpanforgeError(
        `WebGPU: ${slot} takes ${gigabytes(bytes)}, but the device supports tensors of up to ${gigabytes(largest_buffer_bytes)}`,
        { remedy },
      )
    if (total > memory_bytes)
      throw new SpanforgeError(
        `WebGPU: the weights, gradients and moments of this model do not fit into the ${gigabytes(memory_bytes)} of memory of the device`,
        { remedy },
      )
  }

  private named(slots: Readonly<Record<string, string>>): Record<string, string> {
    return Object.fromEntries(Object.entries(slots).map(([name, slot]) => [name, this.name(slot)]))
  }

  private name(slot: string): string {
    const name = this.prefix + slot
    this.slots.add(name)
    return name
  }
}
