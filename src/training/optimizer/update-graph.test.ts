import { expect, test } from 'vitest'
import { maxDifference } from '../../../tests/read-safetensors.ts'
import { gradientName } from '../../models/programs.ts'
import {
  AVERAGE_SHARE,
  averageName,
  FACTORS,
  momentName,
  nextName,
  updateGraph,
  varianceName,
} from '../../models/resident-programs.ts'
import { float32Value, scalarValue } from '../../runtime/engine.ts'
import { defaultEngine } from '../../runtime/registry.ts'
import { adamwFactors } from './adamw.ts'
import { plainKernels } from './plain-kernels.ts'

test('the graph of a step on a device has the values of the kernels, with the moving average', async () => {
  const shape = [2, 3]
  const options = { adam_beta1: 0.9, adam_beta2: 0.999, adam_epsilon: 1e-8, weight_decay: 0.1 }
  const factors = adamwFactors(options, { step: 3, learning_rate: 1e-2, clip: 0.5 })
  const series = (from: number) => Float32Array.from({ length: 6 }, (_, i) => Math.sin(from + i))
  const arrays = {
    parameters: series(0),
    gradients: series(6),
    exp_avg: series(12),
    exp_avg_sq: series(18).map(Math.abs),
  }
  const average = series(24)
  const inputsOf = (name: string) => ({
    [name]: arrays.parameters,
    [gradientName(name)]: arrays.gradients,
    [momentName(name)]: arrays.exp_avg,
    [varianceName(name)]: arrays.exp_avg_sq,
    [averageName(name)]: average,
  })
  const inputs = { ...inputsOf('w'), ...inputsOf('other') }
  // Two parameters share the factors. The second one is given the values of the first.
  const graph = updateGraph(
    ['w', 'other'].map((name) => ({ name, shape, decays: true })),
    { averages: true },
  )
  const executable = await defaultEngine.compile(graph)
  const names = ['w', 'other'].flatMap((name) => [name, momentName(name), varianceName(name), averageName(name)])
  const results = Object.fromEntries(names.map((name) => [nextName(name), float32Value(new Float32Array(6), shape)]))
  await executable.run(
    {
      ...Object.fromEntries(Object.entries(inputs).map(([name, data]) => [name, float32Value(data.slice(), shape)])),
      ...Object.fromEntries(FACTORS.map((name) => [name, scalarValue(factors[name])])),
      [AVERAGE_SHARE]: scalarValue(0.25),
    },
    { ...results, check: float32Value(new Float32Array(1), []) },
  )
  plainKernels.adamw(arrays, factors)
  plainKernels.average(average, arrays.parameters, 0.25)
  const expected = [arrays.parameters, arrays.exp_avg, arrays.exp_avg_sq, average]
  for (const [i, name] of names.entries())
    expect(maxDifference(results[nextName(name)].data as Float32Array, expected[i % 4]), name).toBeLessThan(1e-6)
  await executable.release()
})
