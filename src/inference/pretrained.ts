import { join } from 'node:path'
import { type LoadReport, loadParameters, type Mismatch } from '../checkpoint/load-parameters.ts'
import { loadConfig } from '../checkpoint/model-folder.ts'
import { openCheckpoint } from '../checkpoint/open.ts'
import { SpanforgeError } from '../errors.ts'
import { type BertConfig, paddingRow } from '../models/config.ts'
import { parameterSpecs } from '../models/programs.ts'
import { BertForQuestionAnswering } from '../models/question-answering.ts'
import type { ParameterSpec } from '../nn/parameters.ts'
import { random } from '../random/random.ts'
import type { Engine } from '../runtime/engine.ts'
import { onnxruntime } from '../runtime/onnxruntime.ts'
import { showList } from '../show-value.ts'
import type { BertTokenizer } from '../text/tokenizer.ts'

export interface LoadOptions {
  readonly engine?: Engine
  /** Multiply in bfloat16, where engine and device can. */
  readonly bf16?: boolean
  /** Decides the weights that the checkpoint does not hold. */
  readonly seed?: number
  /** Initialise weights of another shape anew, instead of refusing them. */
  readonly ignore_mismatched_sizes?: boolean
}

export interface Pretrained {
  readonly model: BertForQuestionAnswering
  readonly report: LoadReport
}

/**
 * A model from a Hugging Face folder, as `AutoModelForQuestionAnswering.from_pretrained`. Weights that the checkpoint
 * does not hold are initialised as transformers does: normal with `initializer_range`, LayerNorm 1 and 0, biases 0.
 */
export async function loadPretrained(folder: string, options: LoadOptions = {}): Promise<Pretrained> {
  const { engine = onnxruntime, bf16 = false, seed = 42, ignore_mismatched_sizes } = options
  const config = await loadConfig(folder)
  const checkpoint = await openCheckpoint(folder)
  try {
    const model = new BertForQuestionAnswering(config, engine, undefined, bf16 ? 'bfloat16' : 'float32')
    const { entries } = model.parameters
    const view = (name: string) => model.parameters.view(name)
    const report = await loadParameters(checkpoint, entries, view, { ignore_mismatched_sizes })
    if (config.extra.quantization_config) refusePackedWeights(folder, report)
    initialize(model, new Set([...report.missing, ...report.mismatched.map(({ name }: Mismatch) => name)]), seed)
    return { model, report }
  } finally {
    await checkpoint.close()
  }
}

/** Quantized weights that are packed under other names would be taken for missing, and drawn at random. */
function refusePackedWeights(folder: string, { missing }: LoadReport): void {
  const encoder = missing.filter((name) => name.startsWith('bert.'))
  if (encoder.length === 0) return
  throw new SpanforgeError(
    `${folder}: the model is quantized (quantization_config in config.json): no float weights for ${showList(encoder, 3)}`,
    { remedy: 'Quantized weights cannot be fine-tuned: use the unquantized model.' },
  )
}

/** A model with random weights. */
export function randomModel(
  config: BertConfig,
  { engine = onnxruntime, seed = 42 }: LoadOptions = {},
): BertForQuestionAnswering {
  const model = new BertForQuestionAnswering(config, engine)
  initialize(model, new Set(model.parameters.entries.map(({ name }) => name)), seed)
  return model
}

function initialize(model: BertForQuestionAnswering, names: ReadonlySet<string>, seed: number): void {
  const { config, parameters } = model
  for (const spec of parameterSpecs(config))
    if (names.has(spec.name)) parameters.view(spec.name).set(initial(spec, config, seed))
  const words = 'bert.embeddings.word_embeddings.weight'
  const padding = paddingRow(config)
  if (padding === undefined || !names.has(words)) return
  parameters.view(words).fill(0, padding * config.hidden_size, (padding + 1) * config.hidden_size)
}

/** Each parameter draws from a stream of its own name, so that it does not depend on what else is new. */
function initial({ name, init, shape }: ParameterSpec, config: BertConfig, seed: number): Float32Array {
  const values = new Float32Array(shape.reduce((a, b) => a * b, 1))
  if (init !== 'normal') return values.fill(init === 'ones' ? 1 : 0)
  const draws = random(seed, `initial ${name}`)
  for (let i = 0; i < values.length; i++) values[i] = draws.normal() * config.initializer_range
  return values
}

/** The warning everyone knows, where weights were newly initialised; nothing where all were found. */
export function newlyInitialized(folder: string, { missing, mismatched }: LoadReport): string | undefined {
  const names = [...missing, ...mismatched.map(({ name }) => name)]
  if (names.length === 0) return undefined
  return (
    `Some weights of BertForQuestionAnswering were not initialized from the model checkpoint at ${folder} ` +
    `and are newly initialized: ${names.join(', ')}\n` +
    'You should probably TRAIN this model on a down-stream task to be able to use it for predictions and inference.'
  )
}

/**
 * The tokenizer as the model can use it: without special tokens that its vocabulary lacks, such as a [MASK] that
 * transformers adds, for which the model has no embedding.
 * @throws SpanforgeError where the model's table lacks other ids, or token types that windows have
 */
export function fitVocabulary(folder: string, tokenizer: BertTokenizer, config: BertConfig): BertTokenizer {
  const { vocab_size, type_vocab_size } = config
  const place = join(folder, 'config.json')
  const fitting = tokenizer.size <= vocab_size ? tokenizer : tokenizer.withoutSpecialTokensFrom(vocab_size)
  if (fitting.size > vocab_size)
    throw new SpanforgeError(
      `${folder}: the tokenizer has ${fitting.size} tokens, but ${place} says vocab_size ${vocab_size}`,
      { remedy: 'Take the vocabulary that the model was trained with.' },
    )
  if (fitting.highestTokenType >= type_vocab_size)
    throw new SpanforgeError(
      `${folder}: the tokenizer's post_processor gives token type ${fitting.highestTokenType}, ` +
        `but ${place} says type_vocab_size ${type_vocab_size}`,
      { remedy: 'Take the tokenizer that the model was trained with.' },
    )
  return fitting
}
