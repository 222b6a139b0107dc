/** Small bugs that the tests must detect, introduced one at a time by ../mutate.ts. */

import { DOCUMENT_MUTATIONS } from './documents.ts'
import { MODEL_MUTATIONS } from './models.ts'
import { type Mutation, mutations } from './mutation.ts'
import { RUN_MUTATIONS } from './runs.ts'

const graph = mutations('src/ops/shapes.test.ts', 'src/autodiff/gradient.test.ts')
const ops = mutations('src/autodiff/gradient.test.ts', 'src/models/parity.test.ts')
const lowering = mutations('src/lowering/lower.test.ts', 'src/autodiff/gradient.test.ts')
const model = mutations('src/models/parity.test.ts')
const tokenizer = mutations(
  'src/text/models/wordpiece.test.ts',
  'src/text/tokenizer.test.ts',
  'src/text/oracle.test.ts',
)
const windows = mutations('src/squad/windows.test.ts', 'src/squad/labels.test.ts')
const optimizer = mutations(
  'src/training/optimizer/adamw.test.ts',
  'src/training/optimizer/layer-rates.test.ts',
  'src/training/loop/recorded-options.test.ts',
  'src/training/loop/weight-average.test.ts',
  'src/training/optimizer/schedule.test.ts',
  'src/training/wasm.test.ts',
)
const teacher = mutations('src/training/loop/recorded-options.test.ts', 'src/training/loop/teacher.test.ts')
const spans = mutations('src/squad/answers/best-spans.test.ts', 'src/squad/answers/answers.test.ts')
const metrics = mutations('src/squad/metrics/metrics.test.ts', 'src/squad/metrics/metrics-v2.test.ts')
const files = mutations('src/checkpoint/safetensors.test.ts', 'src/files/atomic.test.ts')
const malformed = mutations('src/checkpoint/safetensors-malformed.test.ts')
const checkpoints = mutations('src/training/checkpoints/checkpoint-store.test.ts', 'src/training/loop/resume.test.ts')
const loop = mutations(
  'src/training/loop/batches.test.ts',
  'src/training/loop/trainer.test.ts',
  'src/training/loop/resume.test.ts',
)

export const MUTATIONS: readonly Mutation[] = [
  ...graph(
    'src/graph/shape.ts',
    ['if (x === y || y === 1) return x', 'if (x === y || y === 1) return y'],
    ['return size * value', 'return size + value'],
  ),
  ...graph('src/graph/tensor.ts', [
    "if (state.get(t) === 'open') order.push(t)",
    "if (state.get(t) === 'open') order.unshift(t)",
  ]),
  ...ops(
    'src/autodiff/gradient.ts',
    ['sofar ? add(sofar, dx) : dx', 'dx'],
    ['shape[i - lead] === 1 && d !== 1', 'false'],
  ),
  ...ops(
    'src/ops/elementwise.ts',
    ["binary('Sub', (dy) => [dy, neg(dy)])", "binary('Sub', (dy) => [dy, dy])"],
    ['[mul(dy, b), mul(dy, a)]', '[mul(dy, a), mul(dy, b)]'],
    ['mul(dy, sub(1, mul(y, y)))', 'mul(dy, sub(1, y))'],
    ['2 / Math.sqrt(Math.PI)', '1 / Math.sqrt(Math.PI)'],
  ),
  ...ops(
    'src/ops/softmax.ts',
    ['mul(softmax(x), sum(dy, [-1]))', 'softmax(x)'],
    ['mul(y, sub(dy, sum(mul(dy, y), [-1])))', 'mul(y, dy)'],
  ),
  ...ops('src/ops/gelu.ts', ['add(gate, mul(u, exp(', 'add(gate, mul(2, exp(']),
  ...ops('src/ops/attention.ts', ['mul(weights, d)', 'mul(kept, d)'], ['dropout(weights, mask)', 'weights']),
  ...lowering(
    'src/lowering/fold-scales.ts',
    ['beta.value * wanted', 'beta.value'],
    ['alpha.value * a.factor * b.factor * wanted', 'alpha.value * a.factor * wanted'],
    ['found.size === 1 && factor !== undefined', 'factor !== undefined'],
    ['value !== 0 && Number.isFinite(value)', 'true'],
  ),
  ...lowering('src/lowering/shared-nodes.ts', ['this.attributesKey(attributes)', "''"]),
  ...ops('src/ops/linalg.ts', ['multiply(dy, b, { transB: !transB, alpha })', 'multiply(dy, b, { transB: !transB })']),
  ...ops('src/ops/normalize.ts', ['alpha: 1 / n', 'alpha: 1']),
  ...ops('src/ops/movement.ts', ['perm.map((_, i) => perm.indexOf(i))', 'perm.map((axis) => axis)']),
  ...model('src/batching/span-targets.ts', [
    'data[place + position] += (weight * (1 - smoothing)) / (2 * count)',
    'data[place + position] += (weight * (1 - smoothing)) / count',
  ]),
  ...model('src/batching/span-targets.ts', ['if (position >= n) return', 'if (position > n) return']),
  ...model('src/ops/softmax.ts', ['mul(target, logSoftmax(logits))', 'mul(target, logits)']),
  ...tokenizer(
    'src/text/models/wordpiece.ts',
    ['Math.min(word.length, start + this.longest)', 'Math.min(word.length, start + 4)'],
    ['const vocabulary = start === 0 ? this.first : this.following', 'const vocabulary = this.first'],
    ['if (++codePoints > limit) return true', 'if (++codePoints >= limit) return true'],
  ),
  ...tokenizer(
    'src/text/components/pre-tokenizers.ts',
    ['if (kind === PUNCTUATION) words.push({ source, start: at, end: next })', ''],
    ['if (to > start) words', 'if (to > start + 1) words'],
  ),
  ...tokenizer(
    'src/text/components/bert-normalizer.ts',
    ['strip_accents ?? lowercase', 'strip_accents ?? false'],
    ["if (clean_text && isDropped(codePoint)) return ''", ''],
  ),
  ...tokenizer('src/text/characters/aligned-text.ts', ['starts[i], ends[next - 1])', 'starts[i], i + 1)']),
  ...windows(
    'src/squad/windows.ts',
    ['room - this.options.doc_stride', 'room'],
    ['question.ids.length - special', 'question.ids.length - special - 1'],
    ['leftStripped(question)', 'question'],
  ),
  ...windows(
    'src/squad/labels.ts',
    ['offsets[2 * start_position + 2] <= first', 'offsets[2 * start_position + 2] < first'],
    ['offsets[2 * end_position - 1] >= end', 'offsets[2 * end_position - 1] > end'],
    ['|| offsets[2 * context_end - 1] < end', ''],
  ),
  ...optimizer(
    'src/training/optimizer/adamw.ts',
    ['1 - adam_beta2 ** step', '1 - adam_beta2 ** (step + 1)'],
    ['round(1 - learning_rate * weight_decay)', 'round(1 - weight_decay)'],
    ['learning_rate: learning_rate * rate', 'learning_rate'],
    ['/bias|layernorm|rmsnorm|', '/bias|rmsnorm|'],
  ),
  ...teacher(
    'src/batching/span-targets.ts',
    ['(weight * temperature ** 2) / (2 * windows)', '(weight * temperature) / (2 * windows)'],
    ['entropy -= scale * probability * (logit - total)', ''],
  ),
  ...teacher('src/batching/loss-inputs.ts', ['weight: 1 - weight }', 'weight: 1 }']),
  ...teacher('src/training/loop/window-file.ts', [' && found.buffer.equals(header)', '']),
  ...teacher('src/training/loop/teacher-logits.ts', ['teacher.geometry.token_types > 1 &&', 'false &&']),
  ...optimizer('src/training/optimizer/layer-rates.ts', [
    'layers.indexOf(part.layer) + 1',
    'layers.indexOf(part.layer)',
  ]),
  ...optimizer('src/training/optimizer/weight-average.ts', ['(1 + taken) / (10 + taken)', '1']),
  ...optimizer('src/training/optimizer/plain-kernels.ts', [
    'round(round(round(Math.sqrt(v)) / rootOfCorrection2) + epsilon)',
    'round(round(Math.sqrt(v)) / rootOfCorrection2)',
  ]),
  ...optimizer(
    'src/training/optimizer/schedule.ts',
    ['Math.ceil(max_steps * options.warmup_ratio)', 'Math.floor(max_steps * options.warmup_ratio)'],
    ['(max_steps - step) / decaySteps', '(max_steps - step - 1) / decaySteps'],
  ),
  ...spans(
    'src/squad/answers/best-spans.ts',
    ['best[place - 1].score < span.score', 'best[place - 1].score <= span.score'],
    ['Math.min(after, start + max_answer_length)', 'Math.min(after, start + max_answer_length + 1)'],
    ['total.add(score / (options.temperature ?? 1))\n    if', 'total.add(score)\n    if'],
  ),
  ...metrics(
    'src/squad/metrics/metrics.ts',
    ['left.set(token, count - 1)', ''],
    ['const recall = shared / gold.length', 'const recall = shared / prediction.length'],
  ),
  ...metrics('src/squad/metrics/metrics.ts', ['(?:an?|the)', '(?:a|the)']),
  ...files('src/checkpoint/safetensors-writer.ts', ['Math.ceil(json.length / 8) * 8', 'json.length']),
  ...malformed('src/checkpoint/safetensors-header.ts', [
    'if (begin !== reached || end > dataBytes)',
    'if (end > dataBytes)',
  ]),
  ...checkpoints('src/training/checkpoints/checkpoint-manifest.ts', [
    'if ((await sha256Of(path)) !== sha256) return',
    'if (false) return',
  ]),
  ...checkpoints('src/training/checkpoints/checkpoint-store.ts', [
    'steps.filter((step) => step !== newest && step !== best)',
    'steps.filter((step) => step !== newest)',
  ]),
  ...checkpoints('src/training/checkpoints/run-checkpoint.ts', [
    'Object.entries(run.optimizer).flatMap(([name, values]) => tensorsOf(values,',
    'Object.entries(run.optimizer).flatMap(([name]) => tensorsOf(run.optimizer.exp_avg,',
  ]),
  ...loop('src/training/loop/batches.ts', [
    "random(args.data_seed, 'order', epoch)",
    "random(args.data_seed, 'order')",
  ]),
  ...loop('src/training/optimizer/clip.ts', [
    'Math.min(1, max_grad_norm / (norm + 1e-6))',
    'Math.min(1, max_grad_norm / norm / 2)',
  ]),
  ...MODEL_MUTATIONS,
  ...RUN_MUTATIONS,
  ...DOCUMENT_MUTATIONS,
]
