/** webgpu-trap.ts NAME: does one thing that crashes or misleads ONNX Runtime's binding, through DeviceMemory. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import * as ort from 'onnxruntime-node'
import { input } from '../../src/graph/tensor.ts'
import { encodeModel } from '../../src/onnx/encode.ts'
import { mul, sub } from '../../src/ops/elementwise.ts'
import { sumAll } from '../../src/ops/reduce.ts'
import { toBytes } from '../../src/protobuf.ts'
import { float32Value } from '../../src/runtime/engine.ts'
import { withWitness } from '../../src/runtime/webgpu/copy-model.ts'
import { webGpuError } from '../../src/runtime/webgpu/device.ts'
import { DeviceMemory, sessionOptions } from '../../src/runtime/webgpu/device-memory.ts'

const N = 2 ** 18
const MEGABYTE = 2 ** 20
const w = input('w', [N])
const step = { y: sub(w, mul(0.5, input('g', [N]))) }
const vector = (value: number) => float32Value(new Float32Array(N).fill(value), [N])
const [STEP, LOSS] = [0, 1]
/** The slot that the next weights replace. */
const inPlace = { from: { w: 'w' }, to: { y: 'w' } }

const device = new DeviceMemory(ort, sessionOptions)
await device.compile(STEP, toBytes(encodeModel(withWitness(step, ['y']))), { stays: ['y'] })
await device.write({ w: vector(1) })

const first = async (slot: string): Promise<number> => (await device.read(slot)).data[0] as number
const resident = () => process.memoryUsage().rss / MEGABYTE

/** Megabytes that the process grows by in 150 runs, after 50. */
async function growth(run: () => Promise<unknown>): Promise<number> {
  for (let i = 0; i < 50; i++) await run()
  const before = resident()
  for (let i = 0; i < 150; i++) await run()
  return resident() - before
}

/** Lets the process grow by so many bytes at most. */
function limitMemory(bytes: number): void {
  const [, kilobytes] = /VmSize:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))!
  execFileSync('prlimit', ['--pid', String(process.pid), `--as=${Number(kilobytes) * 1024 + bytes}`])
}

const traps: Record<string, () => Promise<unknown>> = {
  /** A buffer that cannot be allocated does not fail itself, but what uses it does. */
  async 'run out of memory'() {
    limitMemory(600 * MEGABYTE)
    try {
      for (let i = 0; i < 1000; i++) await device.run(STEP, { g: vector(1) }, { from: { w: 'w' }, to: { y: `y${i}` } })
    } catch (error) {
      return webGpuError(error as Error).message
    }
  },
  /** getData() of a device tensor aborts the process. */
  async read() {
    await device.run(STEP, { g: vector(1) }, inPlace)
    return first('w')
  },
  /** Disposing of a tensor after its session was released is a segmentation fault. */
  async 'release a session before its values'() {
    await device.run(STEP, { g: vector(1) }, inPlace)
    await device.release(STEP)
    const value = await first('w')
    await device.free(['w'])
    return value
  },
  /** A session on the CPU reads a device tensor as zeros. */
  async 'feed another session'() {
    await device.compile(LOSS, toBytes(encodeModel({ loss: sumAll(w) })))
    await device.run(STEP, { g: vector(1) }, inPlace)
    const { loss } = await device.run(LOSS, {}, { from: { w: 'w' }, to: {} })
    return Number(loss.data[0]) / N
  },
  /** Preallocated outputs are ignored, so that an update in place does nothing. */
  async 'update in place'() {
    for (const g of [1, 2]) await device.run(STEP, { g: vector(g) }, inPlace)
    return first('w')
  },
  /** A tensor that was disposed of fails with an obscure message. */
  async 'use a value that was freed'() {
    await device.free(['w'])
    return device.run(STEP, { g: vector(1) }, inPlace)
  },
  async 'free a value twice'() {
    await device.free(['w'])
    await device.free(['w'])
    return 0
  },
  /** Results that are not disposed of are never freed. Each run makes one of 1 MB. */
  'replace results': () => growth(() => device.run(STEP, { g: vector(0.1) }, inPlace)),
  /** Uploads of a run without an output on the CPU are never freed. */
  upload: () => growth(() => device.write({ w: vector(1) })),
  async 'leave all results on the device'() {
    return device.compile(LOSS, toBytes(encodeModel(step)), { stays: ['y'] })
  },
  async 'leave two results in one slot'() {
    const both = { y: step.y, z: mul(w, 2), loss: sumAll(w) }
    await device.compile(LOSS, toBytes(encodeModel(both)), { stays: ['y', 'z'] })
    return device.run(LOSS, { g: vector(1) }, { from: { w: 'w' }, to: { y: 'a', z: 'a' } })
  },
  /** Runs that overlap are computed in order. */
  async 'run twice at once'() {
    await Promise.all([1, 2].map((g) => device.run(STEP, { g: vector(g) }, inPlace)))
    return first('w')
  },
}

const result = await traps[process.argv[2]]().catch(({ message }: Error) => message)
await device.close()
console.log(JSON.stringify(result))
