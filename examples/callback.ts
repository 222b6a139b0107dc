/**
 * Watches a training run with a callback: writes the loss of every step to a CSV file, and stops once the loss is low.
 *
 *   npx tsx examples/callback.ts MODEL TRAIN_FILE OUTPUT_FOLDER
 *
 * In a project of your own, import from 'spanforge'.
 */
import { appendFileSync, writeFileSync } from 'node:fs'
import {
  AutoModelForQuestionAnswering,
  AutoTokenizer,
  createDataset,
  loadSquad,
  Trainer,
  type TrainerCallback,
  TrainingArguments,
} from '../src/index.ts'

const [name, trainFile, output_dir] = process.argv.slice(2)
const CSV = `${output_dir}-loss.csv`
const LOW_ENOUGH = 0.05

const watch: TrainerCallback = {
  on_train_begin: () => writeFileSync(CSV, 'step,loss\n'),
  on_log: ({ state, logs, control }) => {
    if (logs.loss === undefined) return
    appendFileSync(CSV, `${state.global_step},${logs.loss}\n`)
    if (logs.loss < LOW_ENOUGH) control.should_training_stop = true
  },
}

const tokenizer = await AutoTokenizer.from_pretrained(name)
const model = await AutoModelForQuestionAnswering.from_pretrained(name)
const max_seq_length = Math.min(384, model.geometry.max_positions)
const lengths = { max_seq_length, doc_stride: Math.floor(max_seq_length / 3) }
const trainer = new Trainer({
  model,
  args: new TrainingArguments({ output_dir, num_train_epochs: 2, logging_steps: 1, ...lengths }),
  processing_class: tokenizer,
  train_dataset: createDataset(tokenizer, await loadSquad(trainFile), lengths),
  callbacks: [watch],
})
const { global_step } = await trainer.train()
console.log(`${global_step} steps; the losses are in ${CSV}`)
await model.release()
