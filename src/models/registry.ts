/** Registry of model architectures. To add one, write its file and list it here. */
import { SpanforgeError } from '../errors.ts'
import { showText, showValue } from '../show-value.ts'
import { albert } from './albert.ts'
import type { Architecture, Geometry, ModelConfig } from './architecture.ts'
import { bert } from './bert.ts'
import { toConfigJson } from './config.ts'
import { debertaV2 } from './deberta-v2.ts'
import { distilbert } from './distilbert.ts'
import { electra } from './electra.ts'
import { modernBert } from './modernbert.ts'
import { camembert, roberta, xlmRoberta } from './roberta.ts'

const ARCHITECTURES: readonly Architecture[] = [
  bert,
  distilbert,
  roberta,
  camembert,
  xlmRoberta,
  electra,
  modernBert,
  albert,
  debertaV2,
]

/** Supported values of model_type. */
export const MODEL_TYPES: readonly string[] = ARCHITECTURES.map(({ model_type }) => model_type)

/** Returns the architecture of a configuration read by `parseConfig`. */
export function architectureOf({ model_type }: Pick<ModelConfig, 'model_type'>): Architecture {
  const architecture = ARCHITECTURES.find((known) => known.model_type === model_type)
  if (!architecture) throw new SpanforgeError(`models: unknown architecture ${showText(model_type)}`)
  return architecture
}

export const geometryOf = (config: ModelConfig): Geometry => architectureOf(config).geometry(config)

/**
 * Validates a parsed config.json and applies the defaults of transformers. `source` is the file path, for errors.
 * @throws SpanforgeError if the architecture is not supported or a field is invalid
 */
export const parseConfig = (json: unknown, source: string): ModelConfig =>
  familyOf(json, source).parseConfig(json, source)

/** Serializes a config.json from which transformers can load the question-answering model. */
export const configJson = (config: ModelConfig, dtype: 'float32' | 'float16' = 'float32'): string =>
  toConfigJson(config, architectureOf(config), dtype)

function familyOf(json: unknown, source: string): Architecture {
  if (isOfNoModel(json))
    throw new SpanforgeError(
      `${source}: this is not a model configuration: it has no model_type and no sizes such as hidden_size, ` +
        `only ${showValue(Object.keys(json), 80)}`,
      { remedy: `Choose a model folder, whose config.json has a model_type such as ${MODEL_TYPES[0]}.` },
    )
  const { model_type, architectures } = (json ?? {}) as { model_type?: unknown; architectures?: unknown }
  if (typeof model_type === 'string')
    return (
      ARCHITECTURES.find((known) => known.model_type === model_type) ??
      reject(source, `a model of type ${showValue(model_type)}`)
    )
  // Old files without model_type contain only the class name, or nothing if they belong to BERT.
  const name = Array.isArray(architectures) ? architectures[0] : undefined
  if (model_type !== undefined || typeof name !== 'string') return bert
  return (
    ARCHITECTURES.find(({ class_prefix }) => isClassOf(class_prefix, name)) ??
    reject(source, `the architecture ${showText(name)}`)
  )
}

/** BertForMaskedLM, BertModel and BertLMHeadModel are classes of Bert; BertGenerationEncoder is not. */
const isClassOf = (prefix: string, name: string): boolean =>
  name.startsWith(prefix) && /^(For|Model|LMHead|PreTrained)/.test(name.slice(prefix.length))

function reject(source: string, found: string): never {
  const types = new Intl.ListFormat('en').format(MODEL_TYPES.map((type) => `"${type}"`))
  throw new SpanforgeError(`${source}: this is ${found}; spanforge supports models of type ${types}`, {
    remedy: 'Choose a supported model, such as bert-base-uncased.',
  })
}

/**
 * Detects other JSON objects, such as sentence-transformers pooling layers, training arguments and error messages of
 * servers.
 */
const isOfNoModel = (json: unknown): json is object =>
  typeof json === 'object' &&
  json !== null &&
  !Array.isArray(json) &&
  !['architectures', ...ARCHITECTURES.flatMap(({ field_names }) => field_names)].some((name) =>
    Object.hasOwn(json, name),
  )
