/** A thread of webgpu-threads.ts. Returns the number of wrong results. */
import { workerData } from 'node:worker_threads'
import { input } from '../../src/graph/tensor.ts'
import { add, mul } from '../../src/ops/elementwise.ts'
import { float32Value } from '../../src/runtime/engine.ts'
import { openEngine } from '../../src/runtime/registry.ts'
import { answerCalls } from '../../src/threads/calls.ts'

const factor = workerData as number

answerCalls({
  async compute() {
    const engine = await openEngine('webgpu', 'webgpu')
    const session = await engine.compile({ y: add(mul(input('x', ['n']), factor), input('z', ['n'])) })
    let wrong = 0
    for (let run = 0; run < 100; run++) {
      const n = 1000 + ((7 * run + factor) % 50)
      const x = Float32Array.from({ length: n }, (_, i) => i)
      const y = new Float32Array(n)
      await session.run(
        { x: float32Value(x, [n]), z: float32Value(new Float32Array(n).fill(run), [n]) },
        { y: float32Value(y, [n]) },
      )
      if (y.some((value, i) => value !== factor * i + run)) wrong++
    }
    await session.release()
    return wrong
  },
})
