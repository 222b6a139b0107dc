/**
 * Pretrains the small BERT model that `npm start` fine-tunes, on generated text, and writes its encoder to
 * examples/embedded/model as float16. Takes about ten minutes on two cores:
 *
 *     npx tsx scripts/pretrain-embedded.ts [--max_steps 6000] [--questions 200000]
 *
 * The task is recurring span selection (Ram et al. 2021): a sentence paraphrases a fact of the paragraph with [MASK] in
 * place of the answer, and the model marks the answer in the paragraph. The text contains no questions, and none of the
 * people, companies and towns in the data used for fine-tuning and evaluation.
 */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { saveModel } from '../src/checkpoint/model-folder.ts'
import { loadTokenizer } from '../src/checkpoint/tokenizer-folder.ts'
import { evaluateDataset } from '../src/inference/evaluate.ts'
import { randomModel } from '../src/inference/pretrained.ts'
import { type BertConfig, bert } from '../src/models/bert.ts'
import type { QuestionAnsweringModel } from '../src/models/question-answering.ts'
import { createDataset, type Dataset } from '../src/squad/dataset.ts'
import { generateCloze } from '../src/synthetic/examples.ts'
import { parseArguments } from '../src/training/arguments/arguments.ts'
import { tensorsOf } from '../src/training/checkpoints/run-checkpoint.ts'
import { train } from '../src/training/loop/loop.ts'

const { values } = parseArgs({
  options: {
    max_steps: { type: 'string', default: '6000' },
    questions: { type: 'string', default: '200000' },
    out: { type: 'string', default: `${import.meta.dirname}/../examples/embedded/model` },
  },
})
const MAX_SEQ_LENGTH = 128

const tokenizer = await loadTokenizer(`${import.meta.dirname}/../examples/embedded/model`)
const config = bert.parseConfig(
  {
    vocab_size: tokenizer.size,
    hidden_size: 128,
    num_hidden_layers: 4,
    num_attention_heads: 4,
    intermediate_size: 256,
    max_position_embeddings: MAX_SEQ_LENGTH,
    initializer_range: 0.06,
    hidden_dropout_prob: 0,
    attention_probs_dropout_prob: 0,
  },
  'the embedded model',
)

const questions = Number(values.questions)
const trainSet = withAnswers(cloze(1, questions))
const validationSet = cloze(2, 500)
const model = randomModel(config, { seed: 1 })
giveHeadStart(model)
const args = parseArguments(
  {
    output_dir: join(tmpdir(), 'pretrain-embedded'),
    max_steps: Number(values.max_steps),
    per_device_train_batch_size: 32,
    max_tokens_per_pass: 2048,
    learning_rate: 1e-3,
    weight_decay: 0.01,
    warmup_steps: 200,
    logging_steps: 100,
    eval_strategy: 'steps',
    eval_steps: 500,
    save_strategy: 'no',
    max_seq_length: MAX_SEQ_LENGTH,
    doc_stride: 32,
    seed: 1,
  },
  'pretraining',
)
console.log(`${model.num_parameters()} parameters, ${trainSet.windows.length} windows`)
for await (const event of train({ model, args, train: trainSet, validation: validationSet })) {
  if (event.type === 'log' || event.type === 'evaluate') console.log(JSON.stringify(event.entry))
  if (event.type === 'evaluate') await save(model)
}
console.log(JSON.stringify((await evaluateDataset(model, validationSet)).metrics))
await save(model)

/**
 * Half of the paragraphs are short, from which the model learns sooner to look things up; the others are like those in
 * the questions.
 */
function cloze(seed: number, questions: number): Dataset {
  const options = { seed, questions: Math.ceil(questions / 2) }
  const examples = [...generateCloze({ ...options, size: 'brief' }), ...generateCloze({ ...options, seed: seed + 100 })]
  return createDataset(tokenizer, examples, { max_seq_length: MAX_SEQ_LENGTH, doc_stride: 32 })
}

/** Windows without the answer do not help here. */
function withAnswers(dataset: Dataset): Dataset {
  return { ...dataset, windows: dataset.windows.filter(({ end_position }) => end_position > 0) }
}

/**
 * Initializes patterns that large models learn by themselves, but small ones only slowly: keys equal queries, so that
 * equal tokens attend to each other, and positions are sinusoidal (Vaswani et al. 2017), so that neighboring positions
 * are similar.
 */
function giveHeadStart({ parameters }: QuestionAnsweringModel): void {
  const positions = parameters.view('bert.embeddings.position_embeddings.weight')
  const half = config.hidden_size / 2
  for (let p = 0; p < config.max_position_embeddings; p++)
    for (let k = 0; k < half; k++) {
      const angle = p * 100 ** (-k / half)
      positions[p * config.hidden_size + k] = 0.042 * Math.sin(angle)
      positions[p * config.hidden_size + half + k] = 0.042 * Math.cos(angle)
    }
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const of = (name: string) => parameters.view(`bert.encoder.layer.${i}.attention.self.${name}.weight`)
    of('key').set(of('query'))
  }
}

/** Saves only the encoder, because fine-tuning adds the head. */
async function save(model: QuestionAnsweringModel): Promise<void> {
  const encoder = tensorsOf(model.parameters).filter(({ name }) => name.startsWith('bert.'))
  const finetuned: BertConfig = { ...config, hidden_dropout_prob: 0.1, attention_probs_dropout_prob: 0.1 }
  await saveModel(values.out, finetuned, encoder, { dtype: 'F16' })
}
