/** The families of models that spanforge reads. To add one, write its file and list it here. */
import { SpanforgeError } from '../errors.ts'
import { showText, showValue } from '../show-value.ts'
import type { Architecture, Geometry, ModelConfig } from './architecture.ts'
import { bert } from './bert.ts'
import { toConfigJson } from './config.ts'
import { distilbert } from './distilbert.ts'
import { camembert, roberta, xlmRoberta } from './roberta.ts'

const ARCHITECTURES: readonly Architecture[] = [bert, distilbert, roberta, camembert, xlmRoberta]

/** Values of model_type. */
export const MODEL_TYPES: readonly string[] = ARCHITECTURES.map(({ model_type }) => model_type)

/** The family of a configuration that `parseConfig` has read. */
export function architectureOf({ model_type }: Pick<ModelConfig, 'model_type'>): Architecture {
  const architecture = ARCHITECTURES.find((known) => known.model_type === model_type)
  if (!architecture) throw new SpanforgeError(`models: there is no architecture ${showText(model_type)}`)
  return architecture
}

export const geometryOf = (config: ModelConfig): Geometry => architectureOf(config).geometry(config)

/**
 * Checks a parsed config.json and fills in the defaults of transformers; `source` is its path, for errors.
 * @throws SpanforgeError for a model of another family, and for each field that cannot be
 */
export const parseConfig = (json: unknown, source: string): ModelConfig =>
  familyOf(json, source).parseConfig(json, source)

/** The text of a config.json from which transformers loads the question-answering model of this family. */
export const configJson = (config: ModelConfig, dtype: 'float32' | 'float16' = 'float32'): string =>
  toConfigJson(config, architectureOf(config), dtype)

function familyOf(json: unknown, source: string): Architecture {
  if (isOfNoModel(json))
    throw new SpanforgeError(
      `${source}: this is not the configuration of a model: it has no model_type and no sizes such as hidden_size, ` +
        `only ${showValue(Object.keys(json), 80)}`,
      { remedy: `Choose the folder of a model: its config.json has a model_type, such as ${MODEL_TYPES[0]}.` },
    )
  const { model_type, architectures } = (json ?? {}) as { model_type?: unknown; architectures?: unknown }
  if (typeof model_type === 'string')
    return (
      ARCHITECTURES.find((known) => known.model_type === model_type) ??
      refuse(source, `a model of type ${showValue(model_type)}`)
    )
  // Files from before there was a model_type name the class alone, or nothing, and are BERT's.
  const name = Array.isArray(architectures) ? architectures[0] : undefined
  if (model_type !== undefined || typeof name !== 'string') return bert
  return (
    ARCHITECTURES.find(({ class_prefix }) => isClassOf(class_prefix, name)) ??
    refuse(source, `the architecture ${showText(name)}`)
  )
}

/** BertForMaskedLM, BertModel and BertLMHeadModel are classes of Bert; BertGenerationEncoder is not. */
const isClassOf = (prefix: string, name: string): boolean =>
  name.startsWith(prefix) && /^(For|Model|LMHead|PreTrained)/.test(name.slice(prefix.length))

function refuse(source: string, found: string): never {
  const types = new Intl.ListFormat('en').format(MODEL_TYPES.map((type) => `"${type}"`))
  throw new SpanforgeError(`${source}: this is ${found}; spanforge reads models of type ${types}`, {
    remedy: 'Choose such a model, for example bert-base-uncased.',
  })
}

/** The pooling layer of sentence-transformers, training arguments and error messages of servers are JSON objects, too. */
const isOfNoModel = (json: unknown): json is object =>
  typeof json === 'object' &&
  json !== null &&
  !Array.isArray(json) &&
  !['architectures', ...ARCHITECTURES.flatMap(({ field_names }) => field_names)].some((name) =>
    Object.hasOwn(json, name),
  )
