import { expect, test } from 'vitest'
import { fixture } from '../../tests/fixture.ts'
import { tinyModel } from '../../tests/tiny-model.ts'
import { loadTokenizer } from '../checkpoint/tokenizer-folder.ts'
import { type Graph, type Tensor, topologicalOrder } from '../graph/tensor.ts'
import type { ModelConfig } from '../models/architecture.ts'
import { QuestionAnsweringModel } from '../models/question-answering.ts'
import type { Engine } from '../runtime/engine.ts'
import { defaultEngine } from '../runtime/registry.ts'
import { largestHalfValue } from './half-range.ts'
import { measureProductInputs } from './product-inputs.ts'

const tokenizer = await loadTokenizer(fixture('tiny/b1/safetensors'))
const row = { input_ids: Int32Array.of(2, 5, 3), token_type_ids: new Int32Array(3), attended: 3 }

type Measure = typeof largestHalfValue | typeof measureProductInputs

const withLayers = (config: ModelConfig, num_hidden_layers: number): ModelConfig =>
  Object.assign({}, config, { num_hidden_layers })

/** The graph that a measurement of a model with this many layers runs. */
async function measuredGraph(measure: Measure, num_hidden_layers: number): Promise<Graph> {
  const { config } = tinyModel('b1/safetensors')
  let compiled: Graph = {}
  const engine: Engine = {
    ...defaultEngine,
    async compile(graph) {
      compiled = graph
      return { hold() {}, invalidate() {}, run: async () => {}, release: async () => {} }
    },
  }
  const model = new QuestionAnsweringModel(withLayers(config, num_hidden_layers), engine)
  await measure({ model, tokenizer }, { rows: [row], engine })
  return compiled
}

/** The largest number of results that exist at once if outputs are computed in order and results freed after use. */
function mostAlive(graph: Graph): number {
  const outputs = new Set(Object.values(graph))
  const order = topologicalOrder([...outputs]).filter(({ source }) => source.kind === 'node')
  const inputsOf = ({ source }: Tensor) => (source.kind === 'node' ? source.node.inputs : [])
  const lastUse = new Map(order.flatMap((t, i) => inputsOf(t).map((x) => [x, i] as const)))
  const alive = new Set<Tensor>()
  let most = 0
  for (const [i, t] of order.entries()) {
    if (!outputs.has(t)) alive.add(t)
    most = Math.max(most, alive.size)
    for (const x of inputsOf(t)) if (lastUse.get(x) === i) alive.delete(x)
  }
  return most
}

test.each<[string, Measure]>([
  ['largestHalfValue', largestHalfValue],
  ['measureProductInputs', measureProductInputs],
])('%s keeps the activations of one layer at a time', async (_name, measure) => {
  const [few, many] = [await measuredGraph(measure, 2), await measuredGraph(measure, 8)]
  expect(mostAlive(many)).toBe(mostAlive(few))
})
