import { leftOut } from './arguments-left-out.ts'

/** Names that other versions of transformers, its scripts and other tools give to arguments. */
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

/** Arguments of run_qa.py and other tools that need none here. */
const NOT_NEEDED: Readonly<Record<string, string>> = {
  pad_to_max_length: 'use --padding max_length',
  tokenizer_name: 'the tokenizer is that of the model',
  config_name: 'the configuration is that of the model',
  use_fast_tokenizer: 'there is one tokenizer, with offsets',
  overwrite_cache: 'tokenized data are not cached',
  cache_dir: 'set HF_HOME or HF_HUB_CACHE',
  token: 'set HF_TOKEN',
  use_auth_token: 'set HF_TOKEN',
  trust_remote_code: 'no code of a model is run',
  verbose: 'progress is shown unless you give --quiet',
}

/**
 * What to use in the place of an argument that does not exist, if it is known elsewhere; `exists` says which names do.
 * Undefined for names that nobody uses.
 */
export function hintFor(name: string, exists: (name: string) => boolean): string | undefined {
  const plain = name.replaceAll('-', '_').toLowerCase()
  const candidates = [ALIASES[plain], plain === name ? undefined : plain, ...(SPELLINGS[ALIASES[plain] ?? plain] ?? [])]
  const target = candidates.find((one) => one !== undefined && exists(one))
  if (target) return `use --${target}`
  return NOT_NEEDED[plain] ?? leftOut.get(plain)
}

/** Names that commands give to the same thing. */
const SPELLINGS: Readonly<Record<string, readonly string[]>> = {
  max_seq_length: ['max_seq_len'],
  max_answer_length: ['max_answer_len'],
  per_device_train_batch_size: ['batch_size'],
  per_device_eval_batch_size: ['batch_size'],
  validation_file: ['data', 'input', 'validation'],
  train_file: ['data', 'input'],
  dataset: ['data', 'input'],
  output_dir: ['output'],
  fp16: ['bf16'],
}
