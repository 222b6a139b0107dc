import { z } from 'zod'
import { argument, integer, optionalBoolean, optionalInteger, optionalText, text } from '../argument-field.ts'

export const dataArguments = {
  model: optionalText(
    'The pretrained model: a folder with config.json, weights and vocabulary as Hugging Face lays them out, or a name ' +
      'on the hub (bert-base-uncased, owner/name).',
  ),
  revision: optionalText('Branch, tag or commit of the model on the hub; main unless given.'),
  dataset: optionalText(
    'Data set to train and evaluate on: a name on the hub (squad, squad_v2, owner/name), a folder of Parquet files, or ' +
      'a folder that save_to_disk of datasets wrote.',
  ),
  dataset_config: optionalText('Configuration of dataset, where it has several.'),
  dataset_revision: optionalText('Branch, tag or commit of dataset on the hub; main unless given.'),
  train_split: text('train', 'Split of dataset to train on.'),
  validation_split: text('validation', 'Split of dataset to evaluate on, unless validation_file is given.'),
  train_file: optionalText(
    'Data file to train on, instead of dataset: SQuAD JSON, JSON lines, CSV, Excel (.xlsx), Parquet or Arrow.',
  ),
  validation_file: optionalText(
    'Data file to evaluate on, instead of a split of dataset. It must share no contexts with what is trained on.',
  ),
  max_seq_length: optionalInteger(
    16,
    'Longest window in tokens: [CLS] question [SEP] context [SEP]. A longer context is read through several windows. ' +
      '(default: as stored with the model, or else 384, or the positions of the model if these are fewer)',
  ),
  doc_stride: optionalInteger(
    0,
    'Context tokens that two neighbouring windows share, so that an answer at the edge of one is inside the other. ' +
      '(default: as stored with the model, or else 128, or half of max_seq_length if that is less)',
  ),
  max_train_samples: optionalInteger(1, 'Train on the first so many questions only.'),
  max_eval_samples: optionalInteger(1, 'Evaluate on the first so many questions only.'),
  version_2_with_negative: optionalBoolean(
    'The data holds questions without an answer (SQuAD v2.0): the model may answer "". Unless given, as stored with ' +
      'the base model (answer_settings.json), else false.',
  ),
  null_score_diff_threshold: argument(
    'number',
    z.number().default(0),
    'a number',
    'With version_2_with_negative: answer "" where the score of no answer exceeds the best answer by more than this.',
  ),
  max_answer_length: integer(30, 1, 'Longest answer in tokens.'),
  dataloader_num_workers: integer(
    0,
    0,
    'Worker threads that tokenize; 0 tokenizes on the main thread. The windows and their order are the same.',
  ),
}
