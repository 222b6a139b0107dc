import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { flags } from './cli.ts'
import { tinyFolder, writeTinySquad } from './tiny-squad.ts'

export type Flags = Readonly<Record<string, string | number | true>>

/** A command line that trains the tiny model on 24 questions for 2 epochs, 12 steps in total. */
export function tinyTraining(folder: string, more: Flags = {}): string[] {
  return [
    'train',
    ...flags({
      model: tinyFolder,
      train_file: writeTinySquad(folder, 'train.json', 24),
      validation_file: writeTinySquad(folder, 'dev.json', 8, 100),
      output_dir: join(folder, 'out'),
      max_seq_length: 48,
      doc_stride: 8,
      per_device_train_batch_size: 4,
      num_train_epochs: 2,
      learning_rate: 1e-3,
      logging_steps: 1,
      ...more,
    }),
  ]
}

/** The weights and Adam's moments of a checkpoint, as bytes. */
export const checkpointBytes = (folder: string): Buffer[] =>
  ['model.safetensors', 'optimizer.safetensors'].map((name) => readFileSync(join(folder, name)))
