/**
 * Measures an upper bound for the speed of a training step: each matrix product of its graph, with the sizes of real
 * passes, is run alone in its own session, and the fastest of several runs counts. The sum is the minimum time of a
 * step with this runtime, no matter how the other operators are implemented.
 */
import { Command } from 'commander'
import { pack } from '../src/batching/pack.ts'
import { cutIntoPasses } from '../src/batching/passes.ts'
import { toRows } from '../src/batching/rows.ts'
import { bindShape, elements } from '../src/graph/shape.ts'
import { applyAll, input, type Node, nodesOf } from '../src/graph/tensor.ts'
import { loadPretrained, randomModel } from '../src/inference/pretrained.ts'
import { lower } from '../src/lowering/lower.ts'
import { trainingGraph } from '../src/models/programs.ts'
import { geometryOf, parseConfig } from '../src/models/registry.ts'
import { peakRate, trainingFlop } from '../src/models/useful-work.ts'
import { decimal } from '../src/report/render/format.ts'
import { columns, textTable } from '../src/report/render/table.ts'
import { float32Value } from '../src/runtime/engine.ts'
import { dialect, onnxruntime } from '../src/runtime/onnxruntime.ts'
import { parseArguments } from '../src/training/arguments/arguments.ts'
import { pickBatches } from './speed/batches.ts'
import { readDataset } from './speed/data.ts'

type Sizes = readonly number[]

/** A matrix product of the graph with the sizes of one pass. */
interface Product {
  readonly node: Node
  readonly operands: readonly Sizes[]
  readonly result: Sizes
}

/** Products of the same type and size. */
interface Measured extends Product {
  count: number
  readonly seconds: number
}

function productsOf(nodes: readonly Node[], dims: Parameters<typeof bindShape>[1]): Product[] {
  const sizes = ({ shape }: { shape: Parameters<typeof bindShape>[0] }) => bindShape(shape, dims)
  return nodes.map((node) => ({ node, operands: node.inputs.map(sizes), result: sizes(node.outputs[0]) }))
}

/** Returns the time of the fastest of `runs`, in seconds. */
async function timeAlone({ node, operands, result }: Product, runs: number): Promise<number> {
  const names = operands.map((_, i) => `operand.${i}`)
  const inputs = operands.map((sizes, i) => input(names[i], sizes))
  const [y] = applyAll(node.op, inputs, [{ shape: result, dtype: 'float32' }], node.attributes)
  const session = await onnxruntime.compile({ y: y })
  const filled = (sizes: Sizes) => float32Value(new Float32Array(elements(sizes)).fill(0.01), sizes)
  const fed = Object.fromEntries(operands.map((sizes, i) => [names[i], filled(sizes)]))
  const fetched = { y: filled(result) }
  let seconds = Number.POSITIVE_INFINITY
  for (let i = 0; i < runs; i++) {
    const start = performance.now()
    await session.run(fed, fetched)
    seconds = Math.min(seconds, (performance.now() - start) / 1000)
  }
  await session.release()
  return seconds
}

/** Counts a multiply-add as two operations: the number of elements of the result times the inner size. */
function flop({ node, operands, result }: Product): number {
  const inner = operands[0].at(node.attributes.transA === 1 ? -2 : -1)!
  return 2 * elements(result) * inner
}

const describe = ({ node, operands }: Product): string => {
  const side = (i: 0 | 1, transposed: unknown) => `${operands[i].join(' x ')}${transposed === 1 ? ' ᵀ' : ''}`
  return `${side(0, node.attributes.transA)}  ·  ${side(1, node.attributes.transB)}`
}

async function bound(train_file: string, folder: string, options: { model: string; steps: number; runs: number }) {
  const data = await readDataset(train_file, folder, 3000)
  const { config } =
    options.model === 'bert-base'
      ? randomModel(parseConfig({ model_type: 'bert' }, 'bert-base'), {})
      : (await loadPretrained(folder)).model
  const { max_tokens_per_pass } = parseArguments({}, 'bound')
  const graph = lower(trainingGraph(config).outputs, dialect)
  const nodes = nodesOf(Object.values(graph)).filter(({ op }) => /^(Gemm|FusedMatMul)$/.test(op.type))
  const kinds = new Map<string, Measured>()
  let useful = 0
  for (const batch of pickBatches(data.windows, 'shuffled', options.steps).timed) {
    const windows = batch.map((i) => data.windows[i])
    const lengths = windows.map(({ input_ids }) => input_ids.length)
    useful += trainingFlop(geometryOf(config), lengths)
    const rows = toRows(windows)
    for (const pass of cutIntoPasses(lengths, max_tokens_per_pass)) {
      const { dims } = pack(
        pass.map((r) => rows[r]),
        geometryOf(config),
      )
      for (const product of productsOf(nodes, dims)) {
        const { node, operands } = product
        const key = JSON.stringify([node.op.type, node.attributes, operands])
        const known = kinds.get(key)
        if (known) known.count++
        else kinds.set(key, { ...product, count: 1, seconds: await timeAlone(product, options.runs) })
      }
    }
  }
  return { useful, kinds: [...kinds.values()] }
}

function print(kinds: readonly Measured[], useful: number, peak: number): void {
  const seconds = kinds.reduce((total, kind) => total + kind.count * kind.seconds, 0)
  const share = (rate: number) => `${decimal((100 * rate) / peak, 0)} %`
  const shown = [...kinds].sort((a, b) => b.count * b.seconds - a.count * a.seconds).slice(0, 20)
  const rows = shown.map((kind) => [
    kind.node.op.type,
    describe(kind),
    String(kind.count),
    `${decimal((100 * kind.count * kind.seconds) / seconds, 1)} %`,
    share(flop(kind) / kind.seconds / 1e9),
  ])
  console.log(`A product of two 2048 x 2048 matrices: ${decimal(peak, 1)} GFLOP/s.\n`)
  console.log(textTable({ columns: columns('Operator', 'Operands', '>Times', '>Of all products', '>Of peak'), rows }))
  console.log(`\nAll products: ${decimal(seconds, 2)} s for ${decimal(useful / 1e9, 0)} GFLOP of useful work, so at`)
  console.log(
    `most ${decimal(useful / seconds / 1e9, 1)} GFLOP/s, ${share(useful / seconds / 1e9)} of the peak, if everything else took no time.`,
  )
}

await new Command('bound')
  .argument('<train_file>', 'SQuAD v1.1 JSON')
  .argument('<folder>', 'Hugging Face folder: the model, or only the tokenizer with --model bert-base')
  .option('--model <model>', 'folder, or bert-base', 'folder')
  .option('--steps <n>', 'batches of 16 windows', Number, 1)
  .option('--runs <n>', 'runs of each product; the fastest counts', Number, 20)
  .action(async (train_file: string, folder: string, options: { model: string; steps: number; runs: number }) => {
    const peak = await peakRate(onnxruntime, 40)
    const { kinds, useful } = await bound(train_file, folder, options)
    print(kinds, useful, peak)
  })
  .parseAsync()
