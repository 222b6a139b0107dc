import { SpanforgeError } from '../../errors.ts'
import type { StoredExecutable, Value, Values } from '../engine.ts'
import { HeldValues } from '../held-values.ts'
import type { Device } from './device.ts'

/** The facts about a model that an executable needs. */
export interface DeviceModel {
  readonly id: number
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
}

/**
 * A graph on the device. Held inputs are copied to the device before the first run and after `invalidate`; the results of
 * each run are copied back.
 */
export class DeviceExecutable implements StoredExecutable {
  private readonly held: HeldValues<Value>
  /** Held inputs that the device does not have yet. */
  private readonly stale = new Set<string>()
  private running: Promise<void> = Promise.resolve()
  private isReleased = false

  constructor(
    private readonly device: Device,
    readonly model: DeviceModel,
  ) {
    this.held = new HeldValues([...model.inputs, ...model.outputs], (value) => value)
  }

  get inputs(): readonly string[] {
    return this.model.inputs
  }

  hold(values: Values): void {
    this.held.hold(values)
    this.invalidate(Object.keys(values))
  }

  invalidate(names: Iterable<string>): void {
    for (const name of names) if (this.held.has(name) && this.model.inputs.includes(name)) this.stale.add(name)
  }

  run(inputs: Values, outputs: Values): Promise<void> {
    const result = this.running.then(() => this.runNow(inputs, outputs))
    this.running = result.catch(() => {})
    return result
  }

  async release(): Promise<void> {
    await this.running
    if (this.isReleased) return
    this.isReleased = true
    const slots = this.model.inputs.filter((name) => this.held.has(name)).map((name) => this.slot(name))
    this.held.clear()
    // A lost device has nothing left to free.
    await this.device.free(slots).catch(() => {})
    await this.device.release(this.model.id).catch(() => {})
  }

  private slot(name: string): string {
    return `${this.model.id} ${name}`
  }

  private async runNow(inputs: Values, outputs: Values): Promise<void> {
    if (this.isReleased) throw new SpanforgeError('runtime: this model has been released')
    const { device, held, model } = this
    held.rejectHeld(inputs, outputs)
    const into = model.outputs.map((name) => [name, held.get(name, outputs)] as const)
    const passed = Object.fromEntries(
      model.inputs.filter((name) => !held.has(name)).map((name) => [name, held.get(name, inputs)]),
    )
    await this.upload()
    const from = Object.fromEntries(
      model.inputs.filter((name) => held.has(name)).map((name) => [name, this.slot(name)]),
    )
    const results = await device.run(model.id, passed, { from, to: {} })
    for (const [name, { data, dims }] of into) this.store(name, results[name], { data, dims })
  }

  private async upload(): Promise<void> {
    for (const name of [...this.stale]) {
      await this.device.write({ [this.slot(name)]: this.held.get(name, {}) })
      this.stale.delete(name)
    }
  }

  /** Copies a result to its memory. An input that is held in the same memory has changed. */
  private store(name: string, result: Value, into: Pick<Value, 'data' | 'dims'>): void {
    if (result.data.length !== into.data.length)
      throw new SpanforgeError(
        `WebGPU: ${name} has dimensions [${result.dims}], expected [${into.dims}] (${into.data.length} elements)`,
      )
    into.data.set(result.data as never)
    for (const input of this.model.inputs)
      if (this.held.has(input) && this.held.get(input, {}).data === into.data) this.stale.add(input)
  }
}
