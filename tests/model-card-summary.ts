import type { ModelCardSummary } from '../src/hub/push/model-card.ts'

/** The results of the notebook's run. */
export const NOTEBOOK_CARD: ModelCardSummary = {
  name: 'bert-squad: "3,000"',
  model_type: 'bert',
  repository: 'ann/bert-squad',
  base_model: { name: 'bert-base-uncased', on_hub: true },
  license: 'apache-2.0',
  language: 'en',
  train: { name: 'squad', hub_name: 'squad', config: 'plain_text', split: 'train', questions: 3000, windows: 3074 },
  validation: {
    name: 'squad',
    hub_name: 'squad',
    config: 'plain_text',
    split: 'validation',
    questions: 500,
    windows: 520,
  },
  arguments: { learning_rate: 3e-5, num_train_epochs: 3, fp16: true, run_name: 'a|b', max_grad_norm: 1, seed: null },
  epochs: [
    { epoch: 1, step: 193, train_loss: 1.1314, eval_loss: 1.6476, exact_match: 61.2, f1: 74.18 },
    { epoch: 2, step: 386, train_loss: 0.6137, eval_loss: 1.8053, exact_match: 62, f1: 74.9 },
    { epoch: 3, step: 579, train_loss: 0.4221, eval_loss: 1.8659 },
  ],
  best_epoch: 1,
  results: {
    eval_loss: 1.6476,
    exact_match: { value: 61.2, low: 56.8, high: 65.4 },
    f1: { value: 74.18123, low: 70.5, high: 77.6 },
  },
  curve: 'learning curve.png',
  has_onnx: false,
  max_seq_length: 384,
  doc_stride: 128,
  version: '0.1.0',
}
