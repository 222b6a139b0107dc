import { z } from 'zod'
import { argument, integer, optionalBoolean, optionalInteger, optionalText, requiredText } from '../argument-field.ts'

const toNumber = (value: unknown): unknown => (typeof value === 'string' && value.trim() !== '' ? Number(value) : value)

/** Accepts numbers as text, as they come from the command line. */
const layerList = z
  .array(z.preprocess(toNumber, z.int().min(0)))
  .min(1)
  .refine((layers) => layers.every((layer, i) => i === 0 || layer > layers[i - 1]))

export const dataArguments = {
  model: optionalText(
    'Pretrained model: a folder with config.json, weights and vocabulary in the Hugging Face layout, or a name on the ' +
      'hub (bert-base-uncased, owner/name).',
  ),
  revision: optionalText('Branch, tag or commit of the model on the hub. (default: main)'),
  init_layers: argument(
    'list',
    layerList.nullable().default(null),
    'different layers of at least 0 in ascending order, such as 0,2,4',
    'Layers of model to start from, counted from 0, for a smaller and faster model. The others are left out. (default: all)',
  ),
  teacher: optionalText(
    'Trained model from which model also learns (knowledge distillation): a folder or a name on the hub, with the same ' +
      'tokenizer. Its logits are computed once for each window before the first step. Requires padding none.',
  ),
  dataset: optionalText(
    'Dataset to train and evaluate on: a name on the hub (squad, squad_v2, owner/name), a folder of Parquet files, or ' +
      'a folder written by save_to_disk in datasets.',
  ),
  dataset_config: optionalText('Configuration of dataset, if it has several.'),
  dataset_revision: optionalText('Branch, tag or commit of dataset on the hub. (default: main)'),
  train_split: requiredText('train', 'Split of dataset to train on.'),
  validation_split: requiredText('validation', 'Split of dataset to evaluate on. validation_file overrides it.'),
  train_file: optionalText(
    'Data file to train on, instead of dataset: SQuAD JSON, JSON lines, CSV, Excel (.xlsx), Parquet or Arrow.',
  ),
  validation_file: optionalText(
    'Data file to evaluate on, instead of a split of dataset. It must not share contexts with the training data.',
  ),
  max_seq_length: optionalInteger(
    16,
    'Maximum window length in tokens: [CLS] question [SEP] context [SEP]. A longer context is split into several windows. ' +
      "(default: the value stored with the model, otherwise 384, or the model's number of positions if that is less)",
  ),
  doc_stride: optionalInteger(
    0,
    'Number of context tokens shared by neighboring windows, so that an answer at the edge of one is inside the other. ' +
      '(default: the value stored with the model, otherwise 128, or half of max_seq_length if that is less)',
  ),
  max_train_samples: optionalInteger(1, 'Maximum number of questions to train on, taken from the start of the data.'),
  max_eval_samples: optionalInteger(1, 'Maximum number of questions to evaluate on, taken from the start of the data.'),
  version_2_with_negative: optionalBoolean(
    'The data contains questions without an answer (SQuAD v2.0), and the model may answer "". (default: the value ' +
      'stored with the base model in answer_settings.json, otherwise false)',
  ),
  null_score_diff_threshold: argument(
    'number',
    z.number().default(0),
    'a number',
    'With version_2_with_negative, answer "" if the score of no answer exceeds the score of the best answer by more than this.',
  ),
  max_answer_length: integer(30, 1, 'Maximum length of an answer in tokens.'),
  dataloader_num_workers: integer(
    0,
    0,
    'Number of worker threads for tokenization; 0 uses the main thread. The result does not depend on it.',
  ),
}
