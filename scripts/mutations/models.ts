/** Mutations of tokenizers, architectures, engines and exported models. */
import { type Mutation, mutations } from './mutation.ts'

const tokenizers = mutations('tests/tokenizer-cases.test.ts', 'tests/zoo.test.ts')
const relatives = mutations('src/models/relatives.test.ts')
const configs = mutations('src/models/relatives-config.test.ts')
const onednn = mutations('src/runtime/onednn/onednn.test.ts', 'src/models/relatives.test.ts')

export const MODEL_MUTATIONS: readonly Mutation[] = [
  ...mutations('tests/tokenizer-calls.test.ts')('src/text/truncation.ts', [
    'Math.floor(room / 2)',
    'Math.ceil(room / 2)',
  ]),
  ...tokenizers('src/text/models/unigram.ts', [
    'bestIds[at] === NONE || score > bestScores[at]',
    'bestIds[at] === NONE || score >= bestScores[at]',
  ]),
  ...tokenizers('src/text/components/trimmed-offsets.ts', [
    'trimRange(text, firstOffsets, i, before === 1 ? 0 : before, after)',
    'trimRange(text, firstOffsets, i, before, after)',
  ]),
  ...tokenizers('src/text/components/precompiled.ts', [
    'utf8Bytes(cluster).length <= MAX_BYTES',
    'cluster.length <= MAX_BYTES',
  ]),
  ...mutations('src/models/relative-buckets.test.ts')('src/models/deberta-v2.ts', [
    'fround((largest - 1) / middle)',
    'fround(largest / middle)',
  ]),
  ...relatives('src/models/deberta-v2.ts', [
    'takeAlong(keys, transpose(relative.rows, [1, 0]))',
    'takeAlong(keys, relative.rows)',
  ]),
  ...relatives('src/models/modernbert.ts', [
    'nearby(bias, Math.floor(c.local_attention / 2))',
    'nearby(bias, Math.floor(c.local_attention / 2) - 1)',
  ]),
  ...configs('src/models/albert.ts', ['groups.lastIndexOf(groups[i])', 'groups.indexOf(groups[i])']),
  ...configs('src/models/roberta.ts', [
    'config.max_position_embeddings - config.pad_token_id - 1',
    'config.max_position_embeddings - config.pad_token_id',
  ]),
  ...mutations('src/training/loop/float16.test.ts')('src/lowering/float16.ts', [
    'isScaled ? { ...attributes, alpha: new Float(1) } : attributes',
    'isScaled ? { ...attributes, alpha: new Float(alpha.value) } : attributes',
  ]),
  ...mutations('src/lowering/webgpu.test.ts')('src/lowering/webgpu.ts', [
    'floor(add(mul(x, 1 / Math.PI), 0.5))',
    'floor(mul(x, 1 / Math.PI))',
  ]),
  ...onednn('src/runtime/onednn/kernels/movement.ts', [
    'to[row * n + places[at + j]] += from[row * width + j]',
    'to[row * n + places[at + j]] = from[row * width + j]',
  ]),
  ...onednn('src/runtime/onednn/kernels/attention.ts', [
    '(head * padded + length) * padded, (padded - length) * padded)',
    '(head * padded + length) * padded, padded - length)',
  ]),
  ...mutations('src/runtime/openvino/openvino.test.ts', 'src/runtime/executable.test.ts')(
    'src/runtime/openvino/executable.ts',
    ['await this.library.infer(this.request)', 'void this.library.infer(this.request)'],
  ),
  ...mutations('src/export/quantize/block-products.test.ts')('src/export/quantize/block-products.ts', [
    'if (Math.abs(values[i]) > Math.abs(peak)) peak',
    'if (values[i] > peak) peak',
  ]),
  ...mutations('src/export/product-inputs.test.ts')('src/export/quantize/smoothing.ts', [
    'Math.max(MIN_RANGE, high, -lowest[i])',
    'Math.max(MIN_RANGE, high, lowest[i])',
  ]),
  ...mutations('src/export/gate/judge-variants.test.ts')('src/export/gate/measure-variant.ts', [
    'questions.answers.f1 - f1',
    'f1 - questions.answers.f1',
  ]),
  ...mutations('src/onnx/encode.test.ts')('src/onnx/external-data.ts', [
    'this.size = offset + data.size',
    'this.size += data.size',
  ]),
  ...mutations('src/onnx/mapped-model.test.ts')('src/onnx/encode.ts', [
    'at + headerSize(rest + added) + rest + added - data.size',
    'at + rest + added - data.size',
  ]),
]
