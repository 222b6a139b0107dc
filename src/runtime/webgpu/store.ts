import type { Graph } from '../../graph/tensor.ts'
import { lower } from '../../lowering/lower.ts'
import { webgpu } from '../../lowering/webgpu.ts'
import { encodeModel } from '../../onnx/encode.ts'
import { toBytes } from '../../protobuf.ts'
import type { DeviceStore, ResidentExecutable, Value, Values } from '../engine.ts'
import { withWitness } from './copy-model.ts'
import type { Device } from './device.ts'

/** A part of the device's memory, whose slots have names of their own. */
export class WebGpuStore implements DeviceStore {
  private readonly prefix: string
  private readonly graphs: number[] = []
  private readonly slots = new Set<string>()

  constructor(
    private readonly device: Device,
    private readonly profilePrefix: string | undefined,
  ) {
    this.prefix = `store ${device.newId()} `
  }

  async compile(graph: Graph, stays: readonly string[] = []): Promise<ResidentExecutable> {
    const id = this.device.newId()
    const model = toBytes(encodeModel(lower(withWitness(graph, stays), webgpu)))
    await this.device.compile(id, model, { stays, profilePrefix: this.profilePrefix })
    this.graphs.push(id)
    return {
      run: (inputs, { from, to }) => this.device.run(id, inputs, { from: this.named(from), to: this.named(to) }),
    }
  }

  write(values: Values): Promise<void> {
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

  private named(slots: Readonly<Record<string, string>>): Record<string, string> {
    return Object.fromEntries(Object.entries(slots).map(([name, slot]) => [name, this.name(slot)]))
  }

  private name(slot: string): string {
    const name = this.prefix + slot
    this.slots.add(name)
    return name
  }
}
