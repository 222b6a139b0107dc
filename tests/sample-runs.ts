import { parameterTable } from '../src/report/summary/architecture.ts'
import type { ModelFacts, RunSummary } from '../src/report/summary/run.ts'
import { fixtureJson } from './fixture.ts'

/** Names and shapes of a BertForQuestionAnswering, in the order of its state dict. */
function bertParameters(layers: number, hidden: number, intermediate: number) {
  const linear = (name: string, out: number, into: number) => [
    { name: `${name}.weight`, shape: [out, into] },
    { name: `${name}.bias`, shape: [out] },
  ]
  const norm = (name: string) =>
    ['weight', 'bias'].map((part) => ({ name: `${name}.LayerNorm.${part}`, shape: [hidden] }))
  const tables = { word: 30522, position: 512, token_type: 2 }
  return [
    ...Object.entries(tables).map(([name, size]) => ({
      name: `bert.embeddings.${name}_embeddings.weight`,
      shape: [size, hidden],
    })),
    ...norm('bert.embeddings'),
    ...Array.from({ length: layers }, (_, i) => `bert.encoder.layer.${i}`).flatMap((layer) => [
      ...['query', 'key', 'value'].flatMap((name) => linear(`${layer}.attention.self.${name}`, hidden, hidden)),
      ...linear(`${layer}.attention.output.dense`, hidden, hidden),
      ...norm(`${layer}.attention.output`),
      ...linear(`${layer}.intermediate.dense`, intermediate, hidden),
      ...linear(`${layer}.output.dense`, hidden, intermediate),
      ...norm(`${layer}.output`),
    ]),
    ...linear('qa_outputs', 2, hidden),
  ]
}

function bert(name: string, layers: number, hidden: number): ModelFacts {
  return {
    name,
    architecture: 'BertForQuestionAnswering',
    num_hidden_layers: layers,
    hidden_size: hidden,
    num_attention_heads: 12,
    intermediate_size: 4 * hidden,
    hidden_act: 'gelu',
    vocab_size: 30522,
    max_position_embeddings: 512,
    parameters: parameterTable(bertParameters(layers, hidden, 4 * hidden)),
    head: ['qa_outputs.weight', 'qa_outputs.bias'],
    missing: ['qa_outputs.bias', 'qa_outputs.weight'],
    unexpected: [],
  }
}

const recipe = {
  num_train_epochs: 3,
  per_device_train_batch_size: 16,
  per_device_eval_batch_size: 16,
  weight_decay: 0.01,
  adam_beta1: 0.9,
  adam_beta2: 0.999,
  adam_epsilon: 1e-8,
  max_grad_norm: 1,
  lr_scheduler_type: 'linear',
  warmup_steps: 0,
  eval_strategy: 'epoch',
  save_strategy: 'epoch',
  load_best_model_at_end: true,
  metric_for_best_model: 'loss',
  max_seq_length: 384,
  doc_stride: 128,
  seed: 42,
}

/** The notebook's run with its figures. The notebook has no token counts; these are from the same windows. */
export const notebookRun: RunSummary = {
  model: { ...bert('bert-base-uncased', 12, 768), unexpected: ['cls.predictions.bias'] },
  data: {
    train: { questions: 3000, windows: 3074, tokens: 571987 },
    validation: { questions: 500, windows: 520, tokens: 96720 },
  },
  device: 'Tesla T4',
  total_steps: 579,
  arguments: { learning_rate: 3e-5, ...recipe, padding: 'max_length' },
  log_history: [
    { epoch: 1, step: 193, loss: 1.1314, grad_norm: 12.1, learning_rate: 2e-5 },
    { epoch: 1, step: 193, eval_loss: 1.647568, eval_runtime: 2.8, eval_samples_per_second: 185.7 },
    { epoch: 2, step: 386, loss: 0.6137, grad_norm: 10.4, learning_rate: 1e-5 },
    { epoch: 2, step: 386, eval_loss: 1.805327, eval_runtime: 2.8, eval_samples_per_second: 185.7 },
    { epoch: 3, step: 579, loss: 0.4221, grad_norm: 9.3, learning_rate: 0 },
    { epoch: 3, step: 579, eval_loss: 1.865861, eval_runtime: 2.8, eval_samples_per_second: 185.7 },
    { epoch: 3, step: 579, train_runtime: 279.17, train_loss: 0.6804 },
    { epoch: 3, step: 579, eval_loss: 1.647568, eval_runtime: 2.79, eval_samples_per_second: 186.27 },
  ],
  train_metrics: {
    train_runtime: 279.17,
    train_samples_per_second: 33.03,
    train_steps_per_second: 2.074,
    train_loss: 0.6804,
  },
  eval_metrics: { eval_loss: 1.647568, eval_runtime: 2.79, eval_samples_per_second: 186.27 },
  best: { metric: 'eval_loss', value: 1.647568, step: 193, checkpoint: 'checkpoint-193', loaded: true },
  saved_files: [
    { name: 'config.json', bytes: 612 },
    { name: 'model.safetensors', bytes: 435588776 },
    { name: 'tokenizer_config.json', bytes: 1272 },
    { name: 'special_tokens_map.json', bytes: 125 },
    { name: 'tokenizer.json', bytes: 711396 },
    { name: 'vocab.txt', bytes: 231508 },
  ],
  mean_positions: 384,
}

interface FullRun {
  train_metrics: {
    train_runtime: number
    train_samples_per_second: number
    train_steps_per_second: number
    train_loss: number
  }
  per_epoch: {
    epoch: number
    step: number
    train_loss: number
    eval_loss_fp32_real_tokens_only: number
    exact_match: number
    f1: number
  }[]
}

const { train_metrics, per_epoch } = fixtureJson<FullRun>('report/full-run-1e-4.json')
const evaluated = per_epoch.map(({ epoch, step, eval_loss_fp32_real_tokens_only, exact_match, f1 }) => ({
  epoch,
  step,
  eval_loss: eval_loss_fp32_real_tokens_only,
  eval_exact_match: exact_match,
  eval_f1: f1,
  eval_runtime: 21.4,
  eval_samples_per_second: 24.5,
}))

/**
 * MiniLM with the same recipe and learning rate 1e-4, as recorded with the Trainer of transformers. The evaluation
 * times are invented.
 */
export const miniLmRun: RunSummary = {
  ...notebookRun,
  model: bert('minilm-l6-h384', 6, 384),
  data: {
    train: { questions: 3000, windows: 3074, tokens: 571987 },
    validation: { questions: 500, windows: 524, tokens: 91431 },
  },
  device: 'CPU, 2 threads',
  arguments: { learning_rate: 1e-4, ...recipe, padding: 'none' },
  log_history: per_epoch.flatMap(({ epoch, step, train_loss: loss }, i) => [{ epoch, step, loss }, evaluated[i]]),
  train_metrics,
  eval_metrics: evaluated[1],
  best: { metric: 'eval_loss', value: evaluated[1].eval_loss, step: 386, checkpoint: 'checkpoint-386', loaded: true },
  mean_positions: 91431 / 524,
}
