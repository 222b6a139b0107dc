import type { InferenceSession, Tensor } from 'onnxruntime-node'
import type { DType, TensorData } from '../../graph/data.ts'
import { exclusiveInProcess } from '../../threads/mutex.ts'
import { SerialQueue } from '../../threads/serial-queue.ts'
import type { Slots, Value, Values } from '../engine.ts'
import { copyModel } from './copy-model.ts'

/** onnxruntime-node, or a fake of it in tests. */
export type OnnxRuntime = Pick<typeof import('onnxruntime-node'), 'InferenceSession' | 'Tensor'>

export interface SessionOptions {
  /** Outputs that stay on the device. At least one other output must not. */
  readonly stays?: readonly string[]
  readonly profilePrefix?: string
}

interface Graph {
  readonly session: InferenceSession
  readonly stays: ReadonlySet<string>
  readonly isProfiled: boolean
  /** Values in slots that this session computed. They must be disposed of before it is released. */
  alive: number
  isReleased: boolean
}

interface Slot {
  readonly tensor: Tensor
  readonly owner: Graph
}

/**
 * Graphs and values in the memory of a WebGPU device. It never hands out a tensor of the device: values are in named
 * slots, and leave and enter them only as copies. This avoids everything that makes ONNX Runtime's binding crash or
 * compute silently wrong:
 *
 * - `getData()` of a device tensor aborts the process. `read` copies with a graph whose output is on the CPU instead.
 * - Disposing of a tensor whose session has been released is a segmentation fault. A session is released only after the
 *   last of its tensors.
 * - A session on the CPU reads a device tensor as zeros, and a disposed tensor fails with an obscure message. No tensor
 *   leaves this class, and every session is on the device.
 * - Preallocated outputs are ignored. `run` has no such parameter; a result replaces the value of its slot.
 * - A tensor that is not disposed of is never freed. Each belongs to a slot, and is disposed of when the slot gets
 *   another value.
 * - A run without an output on the CPU does not wait for the device and never frees its uploads. `compile` rejects a graph
 *   whose outputs all stay (see `withWitness`).
 * - Two threads that use the device at the same time are a segmentation fault, even with different sessions. `exclusive`
 *   must let one thread of the process work at a time.
 *
 * A run blocks its thread, so this belongs in a worker.
 */
export class DeviceMemory {
  private readonly slots = new Map<string, Slot>()
  private readonly graphs = new Map<number, Graph>()
  private readonly copies = new Map<string, Promise<Graph>>()
  private readonly turns = new SerialQueue()

  constructor(
    private readonly runtime: OnnxRuntime,
    /** Options of all sessions, which choose the device. */
    private readonly options: InferenceSession.SessionOptions,
    /** Runs work while no other thread uses the device. */
    private readonly exclusive = exclusiveInProcess,
  ) {}

  /** Compiles an encoded model, or opens a file. Returns the names of its inputs and outputs. */
  compile(
    id: number,
    model: Uint8Array | string,
    options: SessionOptions = {},
  ): Promise<{ readonly inputs: readonly string[]; readonly outputs: readonly string[] }> {
    return this.inOrder(async () => {
      const graph = await this.open(model, options)
      this.graphs.set(id, graph)
      return { inputs: graph.session.inputNames, outputs: graph.session.outputNames }
    })
  }

  /** Runs a graph on passed values and on those in slots. Returns the outputs that do not stay on the device. */
  run(id: number, inputs: Values, slots: Slots = { from: {}, to: {} }): Promise<Values> {
    return this.inOrder(() => this.runNow(this.graphs.get(id)!, inputs, slots))
  }

  /** Copies values to slots. */
  write(values: Values): Promise<void> {
    return this.inOrder(async () => {
      for (const [slot, value] of Object.entries(values)) {
        const copy = await this.copyGraph('to', value)
        await this.runNow(copy, { x: value }, { from: {}, to: { y: slot } })
      }
    })
  }

  /** Copies the value of a slot to the CPU. */
  read(slot: string): Promise<Value> {
    return this.inOrder(async () => {
      const { dims, type } = this.tensorIn(slot)
      const copy = await this.copyGraph('from', { dims, dtype: type as DType })
      return (await this.runNow(copy, {}, { from: { x: slot }, to: {} })).y
    })
  }

  /** Frees the memory of slots. */
  free(slots: Iterable<string>): Promise<void> {
    return this.inOrder(async () => {
      for (const slot of slots) await this.clear(slot)
    })
  }

  /** Frees a graph. Values that it computed stay in their slots. */
  release(id: number): Promise<void> {
    return this.inOrder(async () => {
      const graph = this.graphs.get(id)
      this.graphs.delete(id)
      if (graph) await this.retire(graph)
    })
  }

  /** Frees everything. */
  close(): Promise<void> {
    return this.inOrder(async () => {
      for (const slot of [...this.slots.keys()]) await this.clear(slot)
      for (const graph of [...this.graphs.values(), ...(await Promise.all(this.copies.values()))])
        await this.retire(graph)
      this.graphs.clear()
      this.copies.clear()
    })
  }

  private inOrder<T>(work: () => Promise<T>): Promise<T> {
    return this.turns.run(() => this.exclusive(work))
  }

  private async open(model: Uint8Array | string, { stays = [], profilePrefix }: SessionOptions): Promise<Graph> {
    const { InferenceSession } = this.runtime
    // The two types of models are overloads.
    const session = await InferenceSession.create(model as string, {
      ...this.options,
      ...(stays.length > 0 && {
        preferredOutputLocation: Object.fromEntries(stays.map((name) => [name, 'gpu-buffer'])),
      }),
      ...(profilePrefix !== undefined && { enableProfiling: true, profileFilePrefix: profilePrefix }),
    })
    const isEverythingResident = session.outputNames.every((name) => stays.includes(name))
    if (isEverythingResident) {
      await session.release()
      throw new Error('webgpu: a graph needs an output that does not stay on the device')
    }
    return { session, stays: new Set(stays), isProfiled: profilePrefix !== undefined, alive: 0, isReleased: false }
  }

  private async runNow(graph: Graph, inputs: Values, { from, to }: Slots): Promise<Values> {
    const { session, stays } = graph
    if (new Set(Object.values(to)).size !== stays.size || [...stays].some((name) => !(name in to)))
      throw new Error(`webgpu: each of ${[...stays].join(', ')} needs a slot of its own`)
    const feeds = Object.fromEntries(
      session.inputNames.map((name) => [name, name in from ? this.tensorIn(from[name]) : this.onCpu(name, inputs)]),
    )
    const results = await session.run(feeds)
    const values: Record<string, Value> = {}
    for (const [name, tensor] of Object.entries(results)) {
      if (stays.has(name)) await this.fill(to[name], { tensor, owner: graph })
      else values[name] = { dtype: tensor.type as DType, dims: tensor.dims, data: tensor.data as TensorData }
    }
    return values
  }

  private onCpu(name: string, inputs: Values): Tensor {
    const value = inputs[name]
    if (!value) throw new Error(`webgpu: missing value for ${name}`)
    return new this.runtime.Tensor(value.dtype, value.data, value.dims)
  }

  private tensorIn(slot: string): Tensor {
    const found = this.slots.get(slot)
    if (!found) throw new Error(`webgpu: the slot ${slot} is empty`)
    return found.tensor
  }

  private async fill(slot: string, value: Slot): Promise<void> {
    value.owner.alive++
    await this.clear(slot)
    this.slots.set(slot, value)
  }

  private async clear(slot: string): Promise<void> {
    const found = this.slots.get(slot)
    if (!found) return
    this.slots.delete(slot)
    found.tensor.dispose()
    found.owner.alive--
    await this.releaseIfUnused(found.owner)
  }

  private async retire(graph: Graph): Promise<void> {
    graph.isReleased = true
    await this.releaseIfUnused(graph)
  }

  private async releaseIfUnused(graph: Graph): Promise<void> {
    if (!graph.isReleased || graph.alive > 0) return
    if (graph.isProfiled) graph.session.endProfiling()
    await graph.session.release()
  }

  /** A graph that copies values of a type to the device or from it. */
  private copyGraph(direction: 'to' | 'from', { dtype, dims }: Pick<Value, 'dtype' | 'dims'>): Promise<Graph> {
    const key = `${direction} ${dtype} ${dims.length}`
    const stays = direction === 'to' ? ['y'] : []
    const known = this.copies.get(key) ?? this.open(copyModel(direction, dtype, dims.length), { stays })
    this.copies.set(key, known)
    return known
  }
}

/** Options of sessions on the device. */
export const sessionOptions: InferenceSession.SessionOptions = {
  executionProviders: ['webgpu'],
  // Failures are thrown with the same message.
  logSeverityLevel: 4,
  enableMemPattern: false,
  // Nothing is computed on the CPU. With the default, ONNX Runtime would pin a thread to each core.
  intraOpNumThreads: 1,
}
