/**
 * "BERT Question Answering, Notebook 3: Model Loading & Fine-Tuning", cell by cell. Comments quote the notebook's Python
 * code above the equivalent lines. The notebook's numbers are for bert-base-uncased on a Tesla T4.
 *
 *   npx tsx examples/notebook-3.ts MODEL_FOLDER TRAIN_FILE VALIDATION_FILE [--max_train_samples 3000]
 *       [--max_eval_samples 500] [--num_train_epochs 3] [--learning_rate 3e-5] [--max_seq_length 384]
 *       [--doc_stride 128] [--output_dir results] [--save_dir bert-qa-model]
 *
 * MODEL_FOLDER is a Hugging Face folder or a name on the hub, such as bert-base-uncased. The files are SQuAD JSON.
 */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
// from transformers import AutoTokenizer, AutoModelForQuestionAnswering, TrainingArguments, Trainer
// In your own project: import { AutoTokenizer, ... } from 'spanforge'
import {
  AutoModelForQuestionAnswering,
  AutoTokenizer,
  createDataset,
  loadSquad,
  lossClass,
  lossMeaning,
  pipeline,
  Trainer,
  type TrainerCallback,
  TrainingArguments,
} from '../src/index.ts'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    max_train_samples: { type: 'string', default: '3000' },
    max_eval_samples: { type: 'string', default: '500' },
    num_train_epochs: { type: 'string', default: '3' },
    learning_rate: { type: 'string', default: '3e-5' },
    max_seq_length: { type: 'string', default: '384' },
    doc_stride: { type: 'string', default: '128' },
    output_dir: { type: 'string', default: 'results' },
    save_dir: { type: 'string', default: 'bert-qa-model' },
  },
})
const [modelFolder, trainFile, validationFile] = positionals
if (!validationFile) throw new Error('usage: npx tsx examples/notebook-3.ts MODEL_FOLDER TRAIN_FILE VALIDATION_FILE')

// ---------------------------------------------------------------------------- Question 3.1: Load BERT Model

// !pip install datasets transformers torch accelerate -q
// npm install spanforge; nothing else is required, not even Python.

// dataset = load_dataset("squad")
// train_dataset = dataset["train"].select(range(3000)); eval_dataset = dataset["validation"].select(range(500))
const trainExamples = await loadSquad(trainFile, { max_samples: Number(values.max_train_samples) })
const evalExamples = await loadSquad(validationFile, { max_samples: Number(values.max_eval_samples) })
console.log(`Training: ${trainExamples.length} examples`)
console.log(`Validation: ${evalExamples.length} examples\n`)

// tokenizer = AutoTokenizer.from_pretrained("bert-base-uncased")
const tokenizer = await AutoTokenizer.from_pretrained(modelFolder)
console.log(`Tokenizer loaded: ${tokenizer.constructor.name}, ${tokenizer.vocab_size} tokens`)

// tokenized_train = train_dataset.map(preprocess_function, batched=True, ...), and the same for validation.
// 3,000 questions become 3,074 windows, because a long context is split into several. The notebook attributes its 1,374
// examples/s to the GPU, but tokenization always runs on the CPU.
const windowOptions = { max_seq_length: Number(values.max_seq_length), doc_stride: Number(values.doc_stride) }
const tokenizedTrain = createDataset(tokenizer, trainExamples, windowOptions)
const tokenizedEval = createDataset(tokenizer, evalExamples, windowOptions)
console.log(`Tokenized Training: ${tokenizedTrain.windows.length} features`)
console.log(`Tokenized Validation: ${tokenizedEval.windows.length} features\n`)

// model = AutoModelForQuestionAnswering.from_pretrained("bert-base-uncased"); model = model.cuda()
// Warns that qa_outputs is newly initialized, which is expected, because it is trained on SQuAD. The head is a single
// Linear(768, 2) with 1,538 parameters, not the two layers with 2,048 that the notebook's text describes.
const model = await AutoModelForQuestionAnswering.from_pretrained(modelFolder)
const { layers, hidden_size, heads } = model.geometry
console.log(`Model loaded: ${model.architecture.class_name} on ${model.engine.device}`)
console.log('Model Architecture:')
console.log(`  Base model: ${modelFolder}`)
console.log(`  Layers: ${layers}`)
console.log(`  Hidden size: ${hidden_size}`)
console.log(`  Attention heads: ${heads}`)
// 108,893,186 for bert-base-uncased.
console.log(`  Total parameters: ${model.num_parameters().toLocaleString('en')}\n`)

// ------------------------------------------------------------------- Question 3.2: Define Training Arguments

// training_args = TrainingArguments(output_dir="./results", num_train_epochs=3, ...)
const args = new TrainingArguments({
  output_dir: values.output_dir,
  num_train_epochs: Number(values.num_train_epochs),
  per_device_train_batch_size: 16,
  per_device_eval_batch_size: 16,
  learning_rate: Number(values.learning_rate),
  weight_decay: 0.01,
  eval_strategy: 'epoch',
  save_strategy: 'epoch',
  load_best_model_at_end: true,
  metric_for_best_model: 'loss',
  // The notebook has fp16=True and dataloader_num_workers=2, for a GPU. On a CPU, training uses float32, and the windows
  // are already in memory. Unlike the notebook, this file may be run several times.
  overwrite_output_dir: true,
  ...windowOptions,
})
// The notebook computes 3074 / 16 = 192 and 576 steps in total. With the incomplete last batch of each epoch, it is
// ceil(3074 / 16) = 193 and 579 steps, as its own progress bar shows.
const stepsPerEpoch = Math.ceil(tokenizedTrain.windows.length / args.per_device_train_batch_size)
console.log('Training Configuration:')
console.log(`  Epochs: ${args.num_train_epochs}`)
console.log(`  Batch size: ${args.per_device_train_batch_size}`)
console.log(`  Learning rate: ${args.learning_rate}`)
console.log(`  Weight decay: ${args.weight_decay}`)
console.log(`  Total training steps: ${Math.ceil(stepsPerEpoch * args.num_train_epochs)}\n`)

// ------------------------------------------------------------------------ Question 3.3: Initialize Trainer

// The table that the Trainer shows in a notebook, with the addition of EM and F1.
const table: TrainerCallback = {
  on_train_begin: () => console.log('Epoch  Training Loss  Validation Loss  Exact Match  F1'),
  on_step_end: ({ state }) => {
    if (process.stderr.isTTY) process.stderr.write(`\r[${state.global_step}/${state.max_steps}]\r`)
  },
  on_evaluate: ({ state, metrics: { train_loss, eval_loss, eval_exact_match, eval_f1 } }) => {
    if (train_loss === undefined) return
    const figures = [train_loss.toFixed(6), eval_loss.toFixed(6), eval_exact_match.toFixed(1), eval_f1.toFixed(1)]
    console.log([`${state.epoch}`.padEnd(5), ...figures.map((it, i) => it.padEnd([13, 15, 11][i] ?? 0))].join('  '))
  },
}

// trainer = Trainer(model=model, args=training_args, train_dataset=..., eval_dataset=..., tokenizer=tokenizer,
//                   data_collator=DefaultDataCollator())
// `tokenizer` is now called processing_class, as the FutureWarning recommends. No collator is needed, because batches
// contain only real tokens, without padding.
const trainer = new Trainer({
  model,
  args,
  train_dataset: tokenizedTrain,
  eval_dataset: tokenizedEval,
  processing_class: tokenizer,
  callbacks: [table],
})

// --------------------------------------------------------------------- Question 3.4: Fine-Tune and Evaluate

// train_result = trainer.train()
// The notebook: 1.1314 / 1.6476, 0.6137 / 1.8053, 0.4221 / 1.8659. After the first epoch, the training loss falls and
// the validation loss rises: the model overfits, and load_best_model_at_end restores the first epoch.
const { global_step, training_loss, metrics } = await trainer.train()
console.log('\nTraining complete!')
console.log(`Total training time: ${metrics.train_runtime.toFixed(2)} seconds`)
console.log(`Training loss: ${training_loss.toFixed(4)}`)
console.log(`Training steps: ${global_step}`)
console.log(`Samples/second: ${metrics.train_samples_per_second.toFixed(2)}\n`)

// eval_results = trainer.evaluate()
const evaluation = await trainer.evaluate()
console.log(`Validation loss: ${evaluation.eval_loss.toFixed(4)}`)
console.log(`Exact Match: ${evaluation.eval_exact_match.toFixed(1)}, F1: ${evaluation.eval_f1.toFixed(1)}`)
console.log(`Evaluation time: ${evaluation.eval_runtime.toFixed(2)} seconds`)
console.log(`Samples/second: ${evaluation.eval_samples_per_second.toFixed(2)}`)

// The loss is the mean of the start and end cross-entropies, not their sum as in the notebook's formula. e^-loss is
// therefore the geometric mean of the probabilities of the correct positions. The random baseline is ln L.
const { windows } = tokenizedEval
const meanLength = windows.reduce((n, { input_ids }) => n + input_ids.length, 0) / windows.length
const { probability, randomLoss } = lossMeaning(evaluation.eval_loss, meanLength)
console.log(`Mean probability of a correct position: ${(100 * probability).toFixed(1)} %`)
console.log(`Loss of random guesses: ${randomLoss.toFixed(2)}`)
console.log(`Class of the loss in the notebook: ${lossClass(evaluation.eval_loss)?.name}`)
console.log('These classes only estimate the accuracy; the Exact Match above measures it.\n')

// model.save_pretrained("./bert-qa-model"); tokenizer.save_pretrained("./bert-qa-model")
// The weights are saved in model.safetensors, as in current versions of transformers, not in pytorch_model.bin.
await model.save_pretrained(values.save_dir)
await tokenizer.save_pretrained(values.save_dir)
console.log(`Model saved to '${values.save_dir}'`)
for (const name of await readdir(values.save_dir))
  console.log(`- ${name}: ${((await stat(join(values.save_dir, name))).size / 1024).toFixed(1)} KB`)

// model = AutoModelForQuestionAnswering.from_pretrained("./bert-qa-model"), and the tokenizer. Here, the pipeline
// loads both and answers questions, which the notebook does not do.
const ask = await pipeline('question-answering', values.save_dir)
for (const { question, context, answers } of evalExamples.slice(0, 3)) {
  const { answer, score, start, end } = await ask(question, context)
  console.log(`\nQ: ${question}`)
  console.log(`A: ${answer} (characters ${start} to ${end}, score ${score.toFixed(3)})`)
  console.log(`Expected: ${answers.map(({ text }) => text).join(' / ')}`)
}
await ask.dispose()
await model.release()
