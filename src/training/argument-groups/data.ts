import { z } from 'zod'
import { argument, boolean, integer, optionalInteger, optionalText } from '../argument-field.ts'

export const dataArguments = {
  model: optionalText(
    'Folder of the pretrained model: config.json, weights and vocabulary, as Hugging Face lays them out.',
  ),
  train_file: optionalText('SQuAD file to train on.'),
  validation_file: optionalText('SQuAD file to evaluate on. It must share no contexts with train_file.'),
  max_seq_length: integer(
    384,
    16,
    'Longest window in tokens: [CLS] question [SEP] context [SEP]. A longer context is read through several windows.',
  ),
  doc_stride: integer(
    128,
    0,
    'Context tokens that two neighbouring windows share, so that an answer at the edge of one stands inside the other.',
  ),
  max_train_samples: optionalInteger(1, 'Train on the first so many questions only.'),
  max_eval_samples: optionalInteger(1, 'Evaluate on the first so many questions only.'),
  version_2_with_negative: boolean('The data holds questions without an answer (SQuAD v2.0): the model may answer "".'),
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
