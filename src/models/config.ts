/** Shared functions for reading and writing config.json. */
import { z } from 'zod'
import { SpanforgeError } from '../errors.ts'
import { type ActivationName, activations } from '../nn/activation.ts'
import { showValue } from '../show-value.ts'
import type { Architecture, Geometry, ModelConfig } from './architecture.ts'

/** More than any supported model has. Prevents a corrupted file from requesting excessive memory. */
const MAX_PARAMETERS = 2 ** 33

// These messages follow the word "expected" in errors.
export const integerBetween = (min: number, max: number) => {
  const expected = `an integer from ${min} to ${max}`
  return z.int(expected).min(min, expected).max(max, expected)
}

export const numberBetween = (min: number, below: number) => {
  const expected = `a number from ${min} to below ${below}`
  return z.number(expected).min(min, expected).lt(below, expected)
}

const activationNames = Object.keys(activations) as [ActivationName, ...ActivationName[]]

export const activation = () => z.enum(activationNames, `one of ${activationNames.join(', ')}`)

/** A dropout probability. */
export const probability = () => numberBetween(0, 1)

/** The index of the padding row in the word embeddings: counted from the end if negative; no padding row if null. */
export const paddingId = () => integerBetween(-10_000_000, 10_000_000).nullable()

/** Converts a padding id to a row index. */
export function paddingRow(pad_token_id: number | null, vocab_size: number): number | undefined {
  if (pad_token_id === null) return undefined
  return pad_token_id < 0 ? pad_token_id + vocab_size : pad_token_id
}

/** Pruned heads reduce the sizes of the weights, differently in each layer. */
const isUnpruned = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  (typeof value === 'object' && Object.values(value).every((heads) => Array.isArray(heads) && heads.length === 0))

/** Validates `pruned_heads`, which transformers supports for all architectures. */
export const unpruned = z
  .custom(isUnpruned, 'no pruned heads, whose weights are smaller than the configuration specifies')
  .optional()

export interface ConfigFields<Type extends string, Traits extends z.ZodRawShape, Fields extends z.ZodRawShape> {
  readonly model_type: Type
  /**
   * Properties that the weights must have for this code to support the model. Changing the value in the file would not
   * help.
   */
  readonly traits: Traits
  /** Fields in `fields` that are also properties of the weights. */
  readonly fixed?: readonly (keyof Fields & string)[]
  readonly fields: Fields
  /** Other names of fields, which take precedence, as in transformers' `attribute_map`. */
  readonly aliases?: Readonly<Record<string, keyof Fields & string>>
  /**
   * Completes the sentence "Choose another …", for example `BERT model: an encoder with absolute positions and two
   * token types`.
   */
  readonly readable: string
}

type Parsed<Type extends string, Fields extends z.ZodRawShape> = z.output<z.ZodObject<Fields>> & {
  readonly model_type: Type
} & Pick<ModelConfig, 'extra'>

/** Reads the configurations of one architecture. */
export interface ConfigReader<Config extends ModelConfig> {
  readonly model_type: Config['model_type']
  /** Names of all fields that are read. */
  readonly names: readonly string[]
  /** Validates a parsed config.json and applies defaults. `source` is the file path, for errors. */
  read(json: unknown, source: string): Config
}

/** Creates a `ConfigReader` of the given fields. */
export function configReader<const Type extends string, Traits extends z.ZodRawShape, Fields extends z.ZodRawShape>({
  model_type,
  traits,
  fixed = [],
  fields,
  aliases = {},
  readable,
}: ConfigFields<Type, Traits, Fields>) {
  const schema = z.object(
    { model_type: z.literal(model_type, model_type).optional(), ...traits, ...fields },
    'a JSON object',
  )
  const own = z.object(fields)
  const ofTheWeights = new Set<PropertyKey>([...Object.keys(traits), ...fixed])
  return {
    model_type,
    names: Object.keys(schema.shape),
    read(given: unknown, source: string): Parsed<Type, Fields> {
      const json = withoutAliases(given, aliases)
      const parsed = schema.safeParse(json)
      if (!parsed.success) {
        const { issues } = parsed.error
        const faults = new Set(issues.map((issue) => describe(issue, json)))
        const isBuiltOtherwise = issues.some(({ path }) => ofTheWeights.has(path[0]))
        return rejectConfig(source, [...faults], isBuiltOtherwise ? `Choose another ${readable}.` : undefined)
      }
      const extra = Object.entries(json as object).filter(([key]) => !Object.hasOwn(schema.shape, key))
      return { model_type, ...own.parse(json), extra: Object.fromEntries(extra) }
    },
  }
}

function withoutAliases(json: unknown, aliases: Readonly<Record<string, string>>): unknown {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return json
  const isAlias = (name: string): boolean => Object.hasOwn(aliases, name)
  const entries = Object.entries(json)
  return Object.fromEntries([
    ...entries.filter(([name]) => !isAlias(name)),
    ...entries.filter(([name]) => isAlias(name)).map(([name, value]) => [aliases[name], value] as const),
  ])
}

function describe({ path, message }: z.core.$ZodIssue, json: unknown): string {
  const found = path.reduce((value, key) => (value as Record<PropertyKey, unknown>)[key], json)
  return `${path.map((key) => `${String(key)}: `).join('')}found ${showValue(found)}, expected ${message}`
}

/** Names of the jointly checked fields in the configuration of an architecture. */
export interface SizeNames {
  readonly heads: string
  readonly hidden_size: string
}

/** Other fields that are checked together with the sizes. */
interface CheckedFields {
  readonly pad_token_id: number | null
  readonly max_position_embeddings: number
}

/** @throws SpanforgeError if the sizes are inconsistent or too large in combination */
export function checkSizes(
  geometry: Geometry,
  { pad_token_id, max_position_embeddings }: CheckedFields,
  names: SizeNames,
  source: string,
): void {
  const { heads, hidden_size, layers, intermediate_size, is_gated, vocab_size } = geometry
  if (hidden_size % heads !== 0)
    rejectConfig(source, [`${names.heads}: found ${heads}, expected a divisor of ${names.hidden_size}, ${hidden_size}`])
  if (pad_token_id !== null && (pad_token_id >= vocab_size || pad_token_id < -vocab_size))
    rejectConfig(source, [`pad_token_id: found ${pad_token_id}, expected less than vocab_size, ${vocab_size}`])
  if (geometry.max_positions < 1)
    rejectConfig(source, [
      `max_position_embeddings: found ${max_position_embeddings}, expected more than pad_token_id + 1, because positions are counted from the row after padding's on`,
    ])
  const embeddings = (vocab_size + geometry.max_positions + geometry.token_types) * hidden_size
  const parameters = embeddings + layers * hidden_size * (4 * hidden_size + (is_gated ? 3 : 2) * intermediate_size)
  if (parameters > MAX_PARAMETERS)
    rejectConfig(source, [`the sizes result in about ${parameters} parameters, expected at most ${MAX_PARAMETERS}`])
}

/** Rejects a configuration; each of `faults` names a field. */
export function rejectConfig(
  source: string,
  faults: readonly string[],
  remedy = 'Correct the file or choose another model.',
): never {
  throw new SpanforgeError(`${source}: ${faults.join(`\n${source}: `)}`, { remedy })
}

/**
 * Fields of a pretrained configuration that do not apply to the fine-tuned question-answering model. Most of them would
 * make transformers build a different model, return something else, or fail.
 */
const NOT_SAVED: ReadonlySet<string> = new Set([
  // The head: qa_outputs has num_labels rows, which must equal the number of entries in id2label.
  ...['num_labels', '_num_labels', 'id2label', 'label2id', 'problem_type', 'loss_type'],
  ...['finetuning_task', 'task_specific_params'],
  // Storage of the weights.
  ...['torch_dtype', 'use_bfloat16', 'quantization_config', 'compression_config', '_pre_quantization_dtype'],
  // Decoders, including those of encoder-decoder models.
  ...['add_cross_attention', 'cross_attention_hidden_size', 'is_encoder_decoder', 'tie_encoder_decoder'],
  // Return values and implementation of `forward`.
  ...['return_dict', 'use_return_dict', 'output_attentions', 'output_hidden_states', 'torchscript'],
  ...['chunk_size_feed_forward', 'reference_compile', 'attn_implementation', '_attn_implementation'],
  ...['_attn_implementation_internal', '_attn_implementation_autoset'],
  // Custom code, and the origin of the pretrained model.
  ...['auto_map', '_name_or_path', 'name_or_path', '_commit_hash'],
])

/** Serializes a config.json that transformers can load, with keys sorted as in save_pretrained. */
export function toConfigJson(
  { extra, ...config }: ModelConfig,
  { class_name, savedFields }: Pick<Architecture, 'class_name' | 'savedFields'>,
  dtype: 'float32' | 'float16',
): string {
  const all: Record<string, unknown> = {
    ...Object.fromEntries(Object.entries(extra).filter(([name]) => !NOT_SAVED.has(name))),
    ...config,
    ...savedFields({ extra, ...config }),
    architectures: [class_name],
    dtype,
    transformers_version: '4.57.6',
  }
  return `${JSON.stringify(Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1))), null, 2)}\n`
}
