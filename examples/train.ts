/**
 * Fine-tunes a model on a file of questions and saves it.
 *
 *   npx tsx examples/train.ts MODEL TRAIN_FILE VALIDATION_FILE OUTPUT_FOLDER
 *
 * In a project of your own, import from 'spanforge'.
 */
import {
  AutoModelForQuestionAnswering,
  AutoTokenizer,
  createDataset,
  loadSquad,
  Trainer,
  TrainingArguments,
} from '../src/index.ts'

const [name, trainFile, validationFile, output_dir] = process.argv.slice(2)
const tokenizer = await AutoTokenizer.from_pretrained(name)
const model = await AutoModelForQuestionAnswering.from_pretrained(name)
const max_seq_length = Math.min(384, model.geometry.max_positions)
const lengths = { max_seq_length, doc_stride: Math.floor(max_seq_length / 3) }
const trainer = new Trainer({
  model,
  args: new TrainingArguments({ output_dir, num_train_epochs: 2, learning_rate: 3e-5, ...lengths }),
  processing_class: tokenizer,
  train_dataset: createDataset(tokenizer, await loadSquad(trainFile), lengths),
  eval_dataset: createDataset(tokenizer, await loadSquad(validationFile), lengths),
})
const { global_step, training_loss } = await trainer.train()
await trainer.save_model(output_dir)
console.log(`${global_step} steps, mean training loss ${training_loss.toFixed(3)}; saved in ${output_dir}`)
await model.release()
