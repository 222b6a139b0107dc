import { expect, test } from 'vitest'
import { tinyModel } from '../../tests/tiny-model.ts'
import type { Tensor } from '../graph/tensor.ts'
import { topologicalOrder } from '../graph/tensor.ts'
import { trainingGraph } from '../models/programs.ts'
import { MODEL_TYPES } from '../models/registry.ts'
import { inFloat16 } from './float16.ts'
import { lower } from './lower.ts'
import { webgpu } from './webgpu.ts'

const folderOf = (family: string) => (family === 'bert' ? 'b1/safetensors' : `${family}/model`)
const opOf = ({ source }: Tensor) => (source.kind === 'node' ? source.node.op.type : source.kind)

test.each(MODEL_TYPES)('products are float16, and everything between them is float32: %s', (family) => {
  const { config } = tinyModel(folderOf(family), undefined, { dropout: true })
  const { outputs } = trainingGraph(config, { scales_loss: true })
  const order = topologicalOrder(Object.values(lower(outputs, inFloat16(webgpu))))
  const halves = new Set(order.filter(({ dtype }) => dtype === 'float16').map(opOf))
  expect([...halves].filter((op) => !['Cast', 'Gemm', 'MatMul', 'Add', 'Transpose', 'Reshape'].includes(op))).toEqual(
    [],
  )
  const products = order.filter((t) => ['Gemm', 'MatMul'].includes(opOf(t)))
  expect(products.length).toBeGreaterThan(20)
  expect(products.filter(({ dtype }) => dtype !== 'float16')).toEqual([])
  for (const t of order)
    if (['Softmax', 'ReduceMean', 'LogSoftmax', 'Exp', 'Sqrt', 'ReduceSum'].includes(opOf(t)))
      expect(t.dtype).toBe('float32')
  for (const output of Object.values(outputs)) expect(output.dtype).toBe('float32')
})
