import { expect, test } from 'vitest'
import { maxDifference } from '../../tests/read-safetensors.ts'
import { tinyModel } from '../../tests/tiny-model.ts'
import { pack } from '../batching/pack.ts'
import { evaluationGraph } from '../models/programs.ts'
import { add, mul } from '../ops/elementwise.ts'
import { layerNormalization } from '../ops/normalize.ts'
import { float32Value } from '../runtime/engine.ts'
import { onnxruntime } from '../runtime/onnxruntime.ts'
import { replaceInputs } from './substitute.ts'
import { constant, input, type Tensor, topologicalOrder } from './tensor.ts'

const inputsOf = (t: Tensor): string[] =>
  topologicalOrder([t]).flatMap(({ source }) => (source.kind === 'input' ? [source.name] : []))

test('a model with constant weights computes the same result', async () => {
  const model = tinyModel('b1/safetensors')
  const { logits } = evaluationGraph(model.config)
  const weights = Object.fromEntries(
    Object.entries(model.parameters.values()).map(([name, { data, dims }]) => [
      name,
      constant(data, dims, 'float32', name),
    ]),
  )
  const embedded = replaceInputs({ logits }, weights)
  expect(inputsOf(embedded.logits).filter((name) => name.endsWith('.weight'))).toEqual([])

  const row = {
    input_ids: Int32Array.of(2, 5, 6, 3, 9, 8, 3),
    token_type_ids: Int32Array.of(0, 0, 0, 0, 1, 1, 1),
    attended: 7,
  }
  const { inputs } = pack([row], model.geometry)
  const session = await onnxruntime.compile(embedded)
  const found = float32Value(new Float32Array(14), [1, 2, 7])
  await session.run(inputs, { logits: found })
  await session.release()
  const [{ start_logits, end_logits }] = (await model.forward([row])).logits
  expect(maxDifference(found.data as Float32Array, [...start_logits, ...end_logits])).toBeLessThan(1e-6)
})

test('keeps operators with several results together, and keeps unchanged nodes', () => {
  const [x, g, b, y] = [input('x', ['n', 2]), input('g', [2]), input('b', [2]), input('y', [2])]
  const normal = layerNormalization(x, g, b, 1e-5)
  const outputs = normal.source.kind === 'node' ? normal.source.node.outputs : []
  const untouched = mul(y, 2)
  const graph = replaceInputs({ normal, mean: outputs[1], untouched }, { g: constant([1, 2], [2]) })
  const nodeOf = (t: Tensor) => t.source.kind === 'node' && t.source.node
  expect(nodeOf(graph.normal)).toBe(nodeOf(graph.mean))
  expect(graph.untouched).toBe(untouched)
})

test('rejects values with a different shape or type', () => {
  const graph = { y: add(input('x', [2]), 1) }
  expect(() => replaceInputs(graph, { x: constant([1], [1]) })).toThrow(
    'input x: found constant: float32 [1], expected float32 [2]',
  )
  expect(() => replaceInputs(graph, { x: constant([1, 2], [2], 'int32') })).toThrow(
    'input x: found constant: int32 [2]',
  )
})
