import type { TensorData } from '../src/graph/data.ts'
import type { Engine, Executable, Values } from '../src/runtime/engine.ts'
import { onnxruntime } from '../src/runtime/onnxruntime.ts'

/**
 * ONNX Runtime as an engine with separate memory, like a GPU: held values are copied when they are registered and when
 * they are invalidated, but at no other time. `copies` counts the copies by name.
 */
export function separateMemory() {
  const copies = new Map<string, number>()
  const count = (name: string) => copies.set(name, (copies.get(name) ?? 0) + 1)
  const engine: Engine = {
    ...onnxruntime,
    device: 'separate memory',
    async compile(graph, options): Promise<Executable> {
      const inner = await onnxruntime.compile(graph, options)
      const hosts = new Map<string, TensorData>()
      /** Keyed by the caller's memory, so that inputs and outputs that share memory also share the copy. */
      const owns = new Map<TensorData, TensorData>()
      const upload = (name: string) => {
        const host = hosts.get(name)!
        owns.get(host)!.set(host as never)
        count(name)
      }
      return {
        hold(values: Values) {
          for (const [name, value] of Object.entries(values)) {
            hosts.set(name, value.data)
            if (!owns.has(value.data)) owns.set(value.data, value.data.slice())
            if (!(name in graph)) upload(name)
            inner.hold({ [name]: { ...value, data: owns.get(value.data)! } })
          }
        },
        invalidate(names) {
          for (const name of names) upload(name)
        },
        async run(inputs, outputs) {
          await inner.run(inputs, outputs)
          for (const [name, host] of hosts) if (name in graph) host.set(owns.get(host)! as never)
        },
        release: inner.release,
      }
    },
  }
  return { engine, copies }
}
