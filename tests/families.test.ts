/** Questions through train, evaluate, predict, serve and the pipeline, with models of each family and their tokenizers. */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test, vi } from 'vitest'
import { AutoModelForQuestionAnswering } from '../src/api/model.ts'
import { pipeline } from '../src/api/pipeline.ts'
import { AutoTokenizer } from '../src/api/tokenizer.ts'
import { Trainer, TrainingArguments } from '../src/api/trainer.ts'
import { writeSafetensors } from '../src/checkpoint/safetensors-writer.ts'
import { randomModel } from '../src/inference/pretrained.ts'
import { parseConfig } from '../src/models/registry.ts'
import type { BatchResponse } from '../src/server/http/contract.ts'
import { createDataset } from '../src/squad/dataset.ts'
import { squadMetrics } from '../src/squad/metrics/metrics.ts'
import { parseSquad, toSquadJson } from '../src/squad/reading/squad-json.ts'
import type { Example } from '../src/squad/types.ts'
import { tokenTypeIds, WindowCutter } from '../src/squad/windows.ts'
import { tensorsOf } from '../src/training/checkpoints/run-checkpoint.ts'
import { flags } from './cli.ts'
import { maxDifference } from './read-safetensors.ts'
import { runHere } from './run-here.ts'
import { describeShared, shared } from './shared.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { exhaustiveOr } from './thorough.ts'
import { tinyService } from './tiny-service.ts'
import { unpackZoo } from './zoo.ts'

vi.setConfig({ testTimeout: 300_000 })

const SIZES = { initializer_range: 0.2, max_position_embeddings: 160 }
const BERT_SIZES = { ...SIZES, hidden_size: 16, num_hidden_layers: 2, num_attention_heads: 2, intermediate_size: 32 }

/** Small models with the tokenizers of real ones. */
const FAMILIES = {
  distilbert: {
    zoo: 'google-bert--bert-base-uncased',
    config: { ...SIZES, model_type: 'distilbert', vocab_size: 30522, dim: 16, n_layers: 2, n_heads: 2, hidden_dim: 32 },
  },
  roberta: {
    zoo: 'deepset--roberta-base-squad2',
    config: { ...BERT_SIZES, model_type: 'roberta', vocab_size: 50265, type_vocab_size: 1, pad_token_id: 1 },
  },
  modernbert: {
    zoo: 'answerdotai--ModernBERT-base',
    config: {
      ...BERT_SIZES,
      model_type: 'modernbert',
      vocab_size: 50368,
      pad_token_id: 50283,
      global_attn_every_n_layers: 2,
      local_attention: 16,
    },
    // As in the published folder, of which the zoo has tokenizer.json alone.
    settings: {
      tokenizer_class: 'PreTrainedTokenizerFast',
      model_input_names: ['input_ids', 'attention_mask'],
      ...{ cls_token: '[CLS]', sep_token: '[SEP]', pad_token: '[PAD]', unk_token: '[UNK]', mask_token: '[MASK]' },
    },
  },
} as const

type Family = keyof typeof FAMILIES

/** Real questions; the contexts of every third begin with characters that take two UTF-16 units. */
function questions(count: number): Example[] {
  const file = shared('data/squad-train-sampled.json')
  return parseSquad(readFileSync(file, 'utf8'), file)
    .slice(0, count)
    .map((example, i) => (i % 3 === 0 ? moved(example, '🚀 𝔘𝔫𝔦 ') : example))
}

const moved = (example: Example, added: string): Example => ({
  ...example,
  context: added + example.context,
  answers: example.answers.map((answer) => ({ ...answer, answer_start: answer.answer_start + added.length })),
})

async function makeBase(family: Family): Promise<string> {
  const chosen = FAMILIES[family]
  const { zoo, config } = chosen
  const folder = unpackZoo(zoo)
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config))
  if ('settings' in chosen) writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify(chosen.settings))
  const { architecture, parameters } = randomModel(parseConfig(config, 'config.json'))
  const encoder = tensorsOf(parameters).filter(({ name }) => name.startsWith(architecture.checkpoint.prefix))
  await writeSafetensors(join(folder, 'model.safetensors'), encoder)
  return folder
}

async function run(...argv: readonly string[]): Promise<void> {
  const { code, stderr } = await runHere(...argv)
  expect(code, stderr).toBe(0)
}

const readJson = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8')) as T

const WINDOWS = { max_seq_len: 128, doc_stride: 32 }

const TRAINING = {
  max_seq_length: 128,
  doc_stride: 32,
  per_device_train_batch_size: 12,
  learning_rate: 3e-3,
  eval_strategy: 'no',
  save_strategy: 'no',
  disable_tqdm: true,
} as const

interface Answer {
  readonly answer: string
  readonly start: number
  readonly end: number
  readonly score: number
}

interface Line extends Answer {
  readonly id: string
}

const readLines = (path: string): Line[] =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)

interface NBest {
  readonly text: string
  readonly start_logit: number
  readonly end_logit: number
}

/** What transformers makes of a folder, by question id: see family-answers.py. */
type InPython = Readonly<
  Record<
    string,
    {
      readonly windows: readonly (readonly [start: number[], end: number[]])[]
      readonly nbest: readonly (readonly [start: number, end: number, start_logit: number, end_logit: number])[]
      readonly answer: Answer
    }
  >
>

const python = process.env.SPANFORGE_PYTHON ?? 'python3'
const hasPython = spawnSync(python, ['-c', 'import torch, transformers']).status === 0
if (!hasPython)
  console.warn(`SKIPPED (${python} has no torch and transformers; see SPANFORGE_PYTHON): families in Python`)

function inPython(data: string, folder: string): InPython {
  const script = fileURLToPath(new URL('family-answers.py', import.meta.url))
  const { stdout, stderr } = spawnSync(python, [script, data, folder], { encoding: 'utf8', maxBuffer: 2 ** 28 })
  expect(stdout, stderr).not.toBe('')
  return JSON.parse(stdout) as InPython
}

/** The largest difference of rounding between our logits and torch's. */
const CLOSE = 1e-4

/** A trained model with its questions, and the answers of predict to them. */
interface Trained {
  readonly folder: string
  readonly examples: readonly Example[]
  /** SQuAD file with the questions. */
  readonly data: string
  readonly model: string
  readonly exact: readonly Line[]
}

async function trainFamily(family: Family, examples: readonly Example[]): Promise<Trained> {
  const folder = temporaryFolder()
  const [data, model, output] = ['questions.json', 'trained', 'exact.jsonl'].map((name) => join(folder, name))
  writeFileSync(data, toSquadJson(examples))
  const base = await makeBase(family)
  await run('train', ...flags({ model: base, train_file: data, output_dir: model, ...TRAINING, num_train_epochs: 1 }))
  await run('predict', ...flags({ model, input: data, output, ...WINDOWS }))
  return { folder, examples, data, model, exact: readLines(output) }
}

function expectQuotes({ exact, examples }: Trained): void {
  expect(exact.map(({ id }) => id)).toEqual(examples.map(({ id }) => id))
  for (const [i, { id, answer, start, end }] of exact.entries())
    expect(examples[i].context.slice(start, end), id).toBe(answer)
}

async function expectEvaluated({ folder, data, model, examples }: Trained): Promise<Record<string, NBest[]>> {
  const [predicted, evaluated] = [join(folder, 'run_qa'), join(folder, 'evaluated')]
  await run('predict', ...flags({ model, input: data, output: predicted, postprocess: 'run_qa', ...WINDOWS }))
  const lengths = { max_seq_length: 128, doc_stride: 32 }
  await run('evaluate', ...flags({ model, data, output_dir: evaluated, postprocess: 'run_qa', ...lengths }))
  const predictions = readJson<Record<string, string>>(join(evaluated, 'predictions.json'))
  expect(predictions).toEqual(readJson(join(predicted, 'predictions.json')))
  const { exact_match, f1 } = squadMetrics(new Map(Object.entries(predictions)), examples)
  const results = readJson<Record<string, number>>(join(evaluated, 'eval_results.json'))
  expect(results.exact_match).toBeCloseTo(exact_match, 9)
  expect(results.f1).toBeCloseTo(f1, 9)
  return readJson(join(predicted, 'nbest_predictions.json'))
}

async function expectServed({ model, examples, exact }: Trained): Promise<void> {
  const service = await tinyService({ folders: [`it=${model}`], max_tokens: 2048 })
  const search = await pipeline('question-answering', model)
  for (const [i, { id, question, context }] of examples.slice(0, 24).entries()) {
    const payload = { inputs: [{ question, context }], ...WINDOWS }
    const response = await service.app.inject({ method: 'POST', url: '/api/batch', payload })
    expect(response.statusCode, response.body).toBe(200)
    const { candidates } = await search.search(question, [context], WINDOWS)
    const { answer, start, end, score } = exact[i]
    for (const found of [response.json<BatchResponse>().results[0].answers[0], candidates[0]]) {
      expect(found, id).toMatchObject({ answer, start, end })
      expect(found.score).toBeCloseTo(score, 5)
    }
  }
  await search.dispose()
  await service.close()
}

async function expectInPython(
  { folder, model, examples }: Trained,
  inRunQa: Readonly<Record<string, NBest[]>>,
): Promise<void> {
  const [data, output] = [join(folder, 'asked.json'), join(folder, 'pipeline.jsonl')]
  writeFileSync(data, toSquadJson(examples))
  const recorded = inPython(data, model)
  const options = { postprocess: 'pipeline', max_answer_len: 30, ...WINDOWS }
  await run('predict', ...flags({ model, input: data, output, ...options }))
  const { model: loaded, tokenizer } = await pipeline('question-answering', model)
  for (const [i, { id, start, end, answer, score }] of readLines(output).entries()) {
    const cutter = new WindowCutter(tokenizer, { max_seq_length: 128, doc_stride: 32 })
    const windows = cutter.cut(examples[i], 0)
    expect(recorded[id].windows, id).toHaveLength(windows.length)
    for (const [w, [start_logits, end_logits]] of recorded[id].windows.entries()) {
      const { input_ids } = windows[w]
      const row = { input_ids, token_type_ids: tokenTypeIds(windows[w]), attended: input_ids.length }
      const { logits } = await loaded.forward([row])
      expect(maxDifference(logits[0].start_logits, start_logits), id).toBeLessThan(CLOSE)
      expect(maxDifference(logits[0].end_logits, end_logits), id).toBeLessThan(CLOSE)
    }
    expectSameSpans(inRunQa[id], recorded[id].nbest, examples[i].context)
    const theirs = recorded[id].answer
    expect(score, id).toBeCloseTo(theirs.score, 5)
    // Answers with nearly the same score may change places.
    if (start === theirs.start) expect({ end, answer }, id).toEqual({ end: theirs.end, answer: theirs.answer })
    else expect(Math.abs(score - theirs.score), id).toBeLessThan(1e-6)
  }
  await loaded.release()
}

/** Spans with nearly the same score may change places; those at the end of the list may even be others. */
function expectSameSpans(found: readonly NBest[], recorded: InPython[string]['nbest'], context: string): void {
  expect(found).toHaveLength(recorded.length)
  const scores = recorded.map(([, , start_logit, end_logit]) => start_logit + end_logit)
  for (const [i, { text, start_logit, end_logit }] of found.entries()) {
    expect(Math.abs(start_logit + end_logit - scores[i])).toBeLessThan(CLOSE)
    if (scores[i] - scores[scores.length - 1] < CLOSE) continue
    const tied = recorded.filter((_, j) => Math.abs(scores[j] - scores[i]) < CLOSE)
    expect(tied.map(([start, end]) => context.slice(start, end))).toContain(text)
  }
}

describeShared('real questions through every command', () => {
  const examples = questions(exhaustiveOr(300, 24))

  test.each(Object.keys(FAMILIES) as Family[])(
    '%s: train, evaluate, predict, serve and the library agree with each other and with transformers',
    async (family) => {
      const trained = await trainFamily(family, examples)
      expectQuotes(trained)
      const inRunQa = await expectEvaluated(trained)
      await expectServed(trained)
      if (hasPython) await expectInPython({ ...trained, examples: examples.slice(0, exhaustiveOr(100, 8)) }, inRunQa)
    },
  )

  test('the library trains the same weights as the command line', async () => {
    const folder = temporaryFolder()
    const data = join(folder, 'questions.json')
    const some = examples.slice(0, 24)
    writeFileSync(data, toSquadJson(some))
    const base = await makeBase('roberta')
    const [library, command] = [join(folder, 'library'), join(folder, 'command')]
    await run('train', ...flags({ model: base, train_file: data, output_dir: command, ...TRAINING, max_steps: 2 }))
    const model = await AutoModelForQuestionAnswering.from_pretrained(base)
    const processing_class = await AutoTokenizer.from_pretrained(base)
    const args = new TrainingArguments({ ...TRAINING, max_steps: 2, output_dir: library })
    const train_dataset = createDataset(processing_class, some, { max_seq_length: 128, doc_stride: 32 })
    const trainer = new Trainer({ model, args, train_dataset, processing_class })
    await trainer.train()
    await trainer.save_model(library)
    await model.release()
    const [ours, theirs] = [library, command].map((path) => readFileSync(join(path, 'model.safetensors')))
    expect(ours.equals(theirs)).toBe(true)
  })
})
