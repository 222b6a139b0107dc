/** The purpose of a file in an output folder; '' for unknown files. */
export function purposeOf(file: string): string {
  const name = file.split('/').at(-1) ?? file
  return purposes.find(([pattern]) => pattern.test(name))?.[1] ?? ''
}

const purposes: readonly [RegExp, string][] = [
  [/^config\.json$/, 'model architecture and settings'],
  [/^answer_settings\.json$/, 'threshold for "no answer", confidence of answers'],
  [/^model.*\.safetensors$/, 'weights'],
  [/^(model\.safetensors|pytorch_model\.bin)\.index\.json$/, 'index of the weight files'],
  [/^pytorch_model.*\.bin$/, 'weights in the older PyTorch format'],
  [/^tokenizer\.json$/, 'complete tokenizer'],
  [/^tokenizer_config\.json$/, 'tokenizer settings'],
  [/^special_tokens_map\.json$/, 'special tokens'],
  [/^vocab\.txt$/, 'vocabulary, one token per line'],
  [/^trainer_state\.json$/, 'history of the run'],
  [/^training_args\.json$/, 'arguments of the run'],
  [/^train_results\.json$/, 'training metrics'],
  [/^eval_results\.json$/, 'evaluation metrics'],
  [/^all_results\.json$/, 'all metrics'],
  [/^learning_curve\.(svg|png)$/, 'learning curve'],
  [/^README\.md$/, 'model card for the hub'],
  [/^report\.(html|md)$/, 'this report'],
  [/^model\.onnx$/, 'evaluation graph with weights'],
  [/^(nbest_)?predictions\.json$/, 'answers to the validation questions'],
  [/^events\.out\.tfevents\./, 'TensorBoard log'],
]
