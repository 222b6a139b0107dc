import { leftOut } from './arguments-left-out.ts'

/** Names of arguments in other versions of transformers, its scripts and other tools. */
const ALIASES: Readonly<Record<string, string>> = {
  evaluation_strategy: 'eval_strategy',
  model_name_or_path: 'model',
  model_name: 'model',
  model_path: 'model',
  model_dir: 'model',
  pretrained_model: 'model',
  lr: 'learning_rate',
  epochs: 'num_train_epochs',
  num_epochs: 'num_train_epochs',
  n_epochs: 'num_train_epochs',
  batch_size: 'per_device_train_batch_size',
  train_batch_size: 'per_device_train_batch_size',
  per_gpu_train_batch_size: 'per_device_train_batch_size',
  eval_batch_size: 'per_device_eval_batch_size',
  per_gpu_eval_batch_size: 'per_device_eval_batch_size',
  dataset_name: 'dataset',
  dataset_config_name: 'dataset_config',
  train_data: 'train_file',
  train_dataset: 'train_file',
  eval_file: 'validation_file',
  eval_data: 'validation_file',
  dev_file: 'validation_file',
  predict_file: 'validation_file',
  test_file: 'validation_file',
  output: 'output_dir',
  out: 'output_dir',
  out_dir: 'output_dir',
  max_length: 'max_seq_length',
  max_seq_len: 'max_seq_length',
  stride: 'doc_stride',
  max_answer_len: 'max_answer_length',
  warmup: 'warmup_steps',
  warmup_proportion: 'warmup_ratio',
  model_revision: 'revision',
  preprocessing_num_workers: 'dataloader_num_workers',
  gradient_accumulation: 'gradient_accumulation_steps',
  random_seed: 'seed',
  resume: 'resume_from_checkpoint',
  config: 'args_file',
  args: 'args_file',
  input_file: 'input',
  output_file: 'output',
  data_file: 'data',
}

/** Arguments of run_qa.py and other tools that have no equivalent in spanforge. */
const NOT_NEEDED: Readonly<Record<string, string>> = {
  pad_to_max_length: 'use --padding max_length',
  tokenizer_name: 'the tokenizer of the model is always used',
  config_name: 'the configuration of the model is always used',
  use_fast_tokenizer: 'there is only one tokenizer, which provides offsets',
  overwrite_cache: 'tokenized data is not cached',
  cache_dir: 'set HF_HOME or HF_HUB_CACHE',
  token: 'set HF_TOKEN',
  use_auth_token: 'set HF_TOKEN',
  trust_remote_code: 'code from model repositories is never executed',
  verbose: 'progress is always shown, except with --quiet',
}

/**
 * Suggests a replacement for an unknown argument that other tools use. `exists` checks whether a name is available.
 * Returns undefined for unfamiliar names.
 */
export function hintFor(name: string, exists: (name: string) => boolean): string | undefined {
  const plain = name.replaceAll('-', '_').toLowerCase()
  const candidates = [ALIASES[plain], plain === name ? undefined : plain, ...(SPELLINGS[ALIASES[plain] ?? plain] ?? [])]
  const target = candidates.find((one) => one !== undefined && exists(one))
  if (target) return `use --${target}`
  return NOT_NEEDED[plain] ?? leftOut.get(plain)
}

/** Alternative names that commands use for the same argument. */
const SPELLINGS: Readonly<Record<string, readonly string[]>> = {
  per_device_train_batch_size: ['batch_size'],
  per_device_eval_batch_size: ['batch_size'],
  validation_file: ['data', 'input', 'validation'],
  train_file: ['data', 'input'],
  dataset: ['data', 'input'],
  output_dir: ['output'],
  fp16: ['bf16'],
}
