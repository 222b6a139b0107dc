import { join } from 'node:path'
import { type LoadReport, loadParameters, type Mismatch } from '../checkpoint/load-parameters.ts'
import { loadConfig } from '../checkpoint/model-folder.ts'
import { openWeights } from '../checkpoint/open.ts'
import { SpanforgeError } from '../errors.ts'
import type { Geometry, ModelConfig, ParameterSpec } from '../models/architecture.ts'
import { chooseLayers } from '../models/choose-layers.ts'
import { totalSize } from '../models/flat-parameters.ts'
import { QuestionAnsweringModel } from '../models/question-answering.ts'
import { random } from '../random/random.ts'
import { type Engine, precisionOf } from '../runtime/engine.ts'
import { defaultEngine } from '../runtime/registry.ts'
import { showList } from '../show-value.ts'
import type { Tokenizer } from '../text/tokenizer.ts'

export interface LoadOptions {
  readonly engine?: Engine
  /** Use bfloat16 in matrix products. Must be supported by the engine and the device. */
  readonly bf16?: boolean
  /** Use float16 in matrix products. Must be supported by the engine and the device. */
  readonly fp16?: boolean
  /** Seed for weights that are missing in the checkpoint. */
  readonly seed?: number
  /** Keep only these layers of a deeper model, counted from 0. */
  readonly init_layers?: readonly number[]
  /** Reinitialize weights whose shapes do not match, instead of rejecting them. */
  readonly ignore_mismatched_sizes?: boolean
}

export interface Pretrained {
  readonly model: QuestionAnsweringModel
  readonly report: LoadReport
}

/**
 * Returns the configuration of the model that `loadPretrained` loads from a folder.
 * @throws UsageError if it does not have the chosen layers
 */
export async function pretrainedConfig(
  folder: string,
  { init_layers }: Pick<LoadOptions, 'init_layers'>,
): Promise<ModelConfig> {
  const config = await loadConfig(folder)
  return init_layers ? chooseLayers(config, init_layers, folder).config : config
}

/**
 * Loads a model from a Hugging Face folder, like `AutoModelForQuestionAnswering.from_pretrained`. Missing weights are
 * initialized as in transformers: normally distributed with `initializer_range`, with LayerNorm weights 1 and all
 * biases 0.
 */
export async function loadPretrained(folder: string, options: LoadOptions = {}): Promise<Pretrained> {
  const { engine = defaultEngine, seed = 42, ignore_mismatched_sizes, init_layers } = options
  const stored = await loadConfig(folder)
  const shallow = init_layers && chooseLayers(stored, init_layers, folder)
  const config = shallow?.config ?? stored
  const checkpoint = await openWeights(folder)
  try {
    const model = new QuestionAnsweringModel(config, engine, undefined, precisionOf(options))
    const nameOf = (source: string) => shallow?.nameOf(source) ?? source
    const view = (source: string) => model.parameters.view(nameOf(source))
    const sources = shallow?.sources ?? model.specs
    const found = await loadParameters(checkpoint, sources, model.architecture.checkpoint, view, {
      ignore_mismatched_sizes,
    })
    const report = shallow ? renamed(found, nameOf) : found
    if (config.extra.quantization_config) rejectPackedWeights(folder, model, report)
    initialize(model, new Set([...report.missing, ...report.mismatched.map(({ name }: Mismatch) => name)]), seed)
    return { model, report }
  } finally {
    await checkpoint.close()
  }
}

/** A report with the names of the loaded model instead of those in the checkpoint. */
const renamed = ({ missing, mismatched, ...report }: LoadReport, nameOf: (source: string) => string): LoadReport => ({
  ...report,
  missing: missing.map(nameOf),
  mismatched: mismatched.map((mismatch) => ({ ...mismatch, name: nameOf(mismatch.name) })),
})

/**
 * Rejects quantized weights that are packed under other names. Their parameters would count as missing and be
 * initialized randomly.
 */
function rejectPackedWeights(folder: string, { specs }: QuestionAnsweringModel, { missing }: LoadReport): void {
  const encoder = specs
    .filter(({ part, name }) => part.role !== 'head' && missing.includes(name))
    .map(({ name }) => name)
  if (encoder.length === 0) return
  throw new SpanforgeError(
    `${folder}: the model is quantized (quantization_config in config.json) and has no float weights for ${showList(encoder, 3)}`,
    { remedy: 'Quantized weights cannot be fine-tuned. Use the unquantized model.' },
  )
}

/** Creates a model with random weights. */
export function randomModel(
  config: ModelConfig,
  { engine = defaultEngine, seed = 42 }: LoadOptions = {},
): QuestionAnsweringModel {
  const model = new QuestionAnsweringModel(config, engine)
  initialize(model, new Set(model.specs.map(({ name }) => name)), seed)
  return model
}

function initialize(model: QuestionAnsweringModel, names: ReadonlySet<string>, seed: number): void {
  for (const spec of model.specs)
    if (names.has(spec.name)) model.parameters.view(spec.name).set(initial(spec, model.geometry, seed))
}

/**
 * Each parameter uses a random stream identified by its name, so its values do not depend on which other parameters are
 * new.
 */
function initial(spec: ParameterSpec, geometry: Geometry, seed: number): Float32Array {
  const { name, init, shape, table } = spec
  const values = new Float32Array(totalSize([spec]))
  if (init === 'ones' || init === 'zeros') return values.fill(init === 'ones' ? 1 : 0)
  const { deviation, cutoff } =
    init === 'normal' ? { deviation: geometry.initializer_range, cutoff: Number.POSITIVE_INFINITY } : init
  const draws = random(seed, `initial ${name}`)
  for (let i = 0; i < values.length; i++) {
    let drawn = draws.normal()
    while (Math.abs(drawn) > cutoff) drawn = draws.normal()
    values[i] = drawn * deviation
  }
  if (table?.padding_idx !== undefined) values.fill(0, table.padding_idx * shape[1], (table.padding_idx + 1) * shape[1])
  return values
}

/** Returns the warning of transformers about newly initialized weights, or undefined if there are none. */
export function newlyInitialized(
  folder: string,
  { architecture }: QuestionAnsweringModel,
  { missing, mismatched }: LoadReport,
): string | undefined {
  const names = [...missing, ...mismatched.map(({ name }) => name)]
  if (names.length === 0) return undefined
  return (
    `Some weights of ${architecture.class_name} were not initialized from the model checkpoint at ${folder} ` +
    `and are newly initialized: ${names.join(', ')}\n` +
    'You should probably TRAIN this model on a down-stream task to be able to use it for predictions and inference.'
  )
}

/**
 * Removes special tokens for which the model has no embedding, such as a [MASK] that transformers adds.
 * @throws SpanforgeError if the model's tables lack other token ids, or token types that occur in windows
 */
export function fitVocabulary(folder: string, tokenizer: Tokenizer, geometry: Geometry): Tokenizer {
  const { vocab_size, token_types } = geometry
  const place = join(folder, 'config.json')
  const fitting = tokenizer.size <= vocab_size ? tokenizer : tokenizer.withoutSpecialTokensFrom(vocab_size)
  if (fitting.size > vocab_size)
    throw new SpanforgeError(
      `${folder}: the tokenizer has ${fitting.size} tokens, but vocab_size in ${place} is ${vocab_size}`,
      { remedy: 'Use the vocabulary that the model was trained with.' },
    )
  if (token_types > 0 && fitting.highestTokenType >= token_types)
    throw new SpanforgeError(
      `${folder}: the tokenizer's post_processor uses token type ${fitting.highestTokenType}, ` +
        `but type_vocab_size in ${place} is ${token_types}`,
      { remedy: 'Use the tokenizer that the model was trained with.' },
    )
  return fitting
}
