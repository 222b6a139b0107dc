import { z } from 'zod'
import { SpanforgeError } from '../errors.ts'
import { type ActivationName, activations } from '../nn/activation.ts'
import { showText, showValue } from '../show-value.ts'

/** The sizes and settings of a BERT: Hugging Face's config.json, with its names. */
export interface BertConfig {
  readonly vocab_size: number
  readonly hidden_size: number
  readonly num_hidden_layers: number
  readonly num_attention_heads: number
  /** Width of the feed-forward layer. */
  readonly intermediate_size: number
  readonly hidden_act: ActivationName
  readonly hidden_dropout_prob: number
  readonly attention_probs_dropout_prob: number
  /** The longest sequence, in tokens. */
  readonly max_position_embeddings: number
  readonly type_vocab_size: number
  /** Standard deviation of new weights. */
  readonly initializer_range: number
  readonly layer_norm_eps: number
  /** The row of the word embeddings that does not learn: -1 is the last one, null none. */
  readonly pad_token_id: number | null
  /** Everything else that the file holds, kept for saving. */
  readonly extra: Readonly<Record<string, unknown>>
}

/** Beyond every model there is; a damaged file should not ask for the memory. */
const MAX_PARAMETERS = 2 ** 33

/** The texts below follow the word "expected" in errors. */
const integer = (least: number, most: number) => {
  const expected = `an integer from ${least} to ${most}`
  return z.int(expected).min(least, expected).max(most, expected)
}
const number = (least: number, below: number) => {
  const expected = `a number from ${least} to below ${below}`
  return z.number(expected).min(least, expected).lt(below, expected)
}

const activationNames = Object.keys(activations) as [ActivationName, ...ActivationName[]]

/** Heads that have been cut out make the weights of their layer smaller, each layer by another amount. */
const isUnpruned = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  (typeof value === 'object' && Object.values(value).every((heads) => Array.isArray(heads) && heads.length === 0))

/** Defaults are those of transformers' BertConfig (4.57). */
const schema = z.object(
  {
    model_type: z.literal('bert', 'bert').default('bert'),
    position_embedding_type: z.literal('absolute', 'absolute').default('absolute'),
    is_decoder: z.literal(false, 'false: a decoder does not see the text after a word').nullable().default(false),
    pruned_heads: z
      .custom(isUnpruned, 'no pruned heads: their weights are smaller than the configuration says')
      .optional(),
    vocab_size: integer(1, 10_000_000).default(30522),
    hidden_size: integer(1, 65536).default(768),
    num_hidden_layers: integer(1, 1000).default(12),
    num_attention_heads: integer(1, 4096).default(12),
    intermediate_size: integer(1, 1_000_000).default(3072),
    hidden_act: z.enum(activationNames, `one of ${activationNames.join(', ')}`).default('gelu'),
    hidden_dropout_prob: number(0, 1).default(0.1),
    attention_probs_dropout_prob: number(0, 1).default(0.1),
    max_position_embeddings: integer(1, 1_000_000).default(512),
    // Question and context are told apart by types 0 and 1.
    type_vocab_size: integer(2, 10_000).default(2),
    initializer_range: number(0, 100).default(0.02),
    layer_norm_eps: number(1e-30, 1).default(1e-12),
    pad_token_id: integer(-10_000_000, 10_000_000).nullable().default(0),
  },
  'a JSON object',
)

/** Checks a parsed config.json and fills in what it leaves out; `source` is its path, for errors. */
export function parseConfig(json: unknown, source: string): BertConfig {
  refuseOtherModels(json, source)
  const parsed = schema.safeParse(json)
  if (!parsed.success) {
    const { issues } = parsed.error
    const faults = issues.map((issue) => describe(issue, json))
    const isBuiltOtherwise = issues.some(({ path }) => OF_THE_WEIGHTS.has(path[0]))
    return refuse(source, [...new Set(faults)], isBuiltOtherwise ? OTHER_MODEL : undefined)
  }
  const { model_type, position_embedding_type, is_decoder, pruned_heads, ...fields } = parsed.data
  const extra = Object.entries(json as object).filter(([key]) => !Object.hasOwn(schema.shape, key))
  const config: BertConfig = { ...fields, extra: Object.fromEntries(extra) }
  checkTogether(config, source)
  return config
}

/** A model of another family needs no list of what differs. Old files name the architecture alone. */
function refuseOtherModels(json: unknown, source: string): void {
  const { model_type, architectures } = (json ?? {}) as { model_type?: unknown; architectures?: unknown }
  if (isOfNoModel(json))
    throw new SpanforgeError(
      `${source}: this is not the configuration of a model: it has no model_type and no sizes such as hidden_size, ` +
        `only ${showValue(Object.keys(json), 80)}`,
      { remedy: 'Choose the folder of a BERT model: its config.json says model_type bert.' },
    )
  const architecture = Array.isArray(architectures) ? architectures[0] : undefined
  const isOther =
    typeof model_type === 'string'
      ? model_type !== 'bert'
      : model_type === undefined && typeof architecture === 'string' && !architecture.startsWith('Bert')
  if (!isOther) return
  const found =
    typeof model_type === 'string'
      ? `a model of type ${showValue(model_type)}`
      : `the architecture ${showText(architecture)}`
  throw new SpanforgeError(`${source}: this is ${found}; spanforge reads models of type "bert"`, {
    remedy: 'Choose a BERT model, for example bert-base-uncased.',
  })
}

/** The pooling layer of sentence-transformers, training arguments and error messages of servers are JSON objects, too. */
const isOfNoModel = (json: unknown): json is object =>
  typeof json === 'object' &&
  json !== null &&
  !Array.isArray(json) &&
  !['architectures', ...Object.keys(schema.shape)].some((name) => Object.hasOwn(json, name))

function describe({ path, message }: z.core.$ZodIssue, json: unknown): string {
  const found = path.reduce((value, key) => (value as Record<PropertyKey, unknown>)[key], json)
  return `${path.map((key) => `${String(key)}: `).join('')}found ${showValue(found)}, expected ${message}`
}

function checkTogether(config: BertConfig, source: string): void {
  const { hidden_size, num_attention_heads, num_hidden_layers, intermediate_size, vocab_size, pad_token_id } = config
  if (hidden_size % num_attention_heads !== 0)
    refuse(source, [
      `num_attention_heads: found ${num_attention_heads}, expected a divisor of hidden_size, ${hidden_size}`,
    ])
  if (pad_token_id !== null && (pad_token_id >= vocab_size || pad_token_id < -vocab_size))
    refuse(source, [`pad_token_id: found ${pad_token_id}, expected less than vocab_size, ${vocab_size}`])
  const embeddings = (vocab_size + config.max_position_embeddings + config.type_vocab_size) * hidden_size
  const parameters = embeddings + num_hidden_layers * hidden_size * (4 * hidden_size + 2 * intermediate_size)
  if (parameters > MAX_PARAMETERS)
    refuse(source, [`the sizes make about ${parameters} parameters, expected at most ${MAX_PARAMETERS}`])
}

/** Fields that are true of the weights of a model that spanforge cannot compute; another value would not help. */
const OF_THE_WEIGHTS: ReadonlySet<PropertyKey> = new Set([
  ...['position_embedding_type', 'is_decoder', 'pruned_heads', 'type_vocab_size'],
])

const OTHER_MODEL = 'Choose another BERT model: an encoder with absolute positions and two token types.'

function refuse(
  source: string,
  faults: readonly string[],
  remedy = 'Correct the file, or choose a BERT model: model_type bert, absolute positions, no decoder.',
): never {
  throw new SpanforgeError(`${source}: ${faults.join(`\n${source}: `)}`, { remedy })
}

/** The row of the word embeddings that does not learn, counted from 0; undefined where every row learns. */
export function paddingRow({ pad_token_id, vocab_size }: BertConfig): number | undefined {
  if (pad_token_id === null) return undefined
  return pad_token_id < 0 ? pad_token_id + vocab_size : pad_token_id
}

/**
 * Fields of a pretrained model's configuration that are not true of a question-answering model fine-tuned from it.
 * With most of them transformers builds another model, returns something else, or fails.
 */
const NOT_SAVED: ReadonlySet<string> = new Set([
  // The head: qa_outputs has num_labels rows, as many as id2label has entries.
  ...['num_labels', '_num_labels', 'id2label', 'label2id', 'problem_type', 'loss_type'],
  ...['finetuning_task', 'task_specific_params'],
  // How the weights were stored.
  ...['torch_dtype', 'use_bfloat16', 'quantization_config', 'compression_config', '_pre_quantization_dtype'],
  // A decoder, or half of an encoder-decoder.
  ...['add_cross_attention', 'cross_attention_hidden_size', 'is_encoder_decoder', 'tie_encoder_decoder'],
  // What forward returns, and how it computes.
  ...['return_dict', 'use_return_dict', 'output_attentions', 'output_hidden_states', 'torchscript'],
  ...['chunk_size_feed_forward', 'attn_implementation', '_attn_implementation'],
  ...['_attn_implementation_internal', '_attn_implementation_autoset'],
  // Code of another model, and where the pretrained one came from.
  ...['auto_map', '_name_or_path', 'name_or_path', '_commit_hash'],
])

/** The text of a config.json from which transformers loads a BertForQuestionAnswering; keys sorted as it sorts them. */
export function toConfigJson({ extra, ...config }: BertConfig, dtype: 'float32' | 'float16' = 'float32'): string {
  const all: Record<string, unknown> = {
    ...Object.fromEntries(Object.entries(extra).filter(([name]) => !NOT_SAVED.has(name))),
    ...config,
    architectures: ['BertForQuestionAnswering'],
    dtype,
    model_type: 'bert',
    position_embedding_type: 'absolute',
    transformers_version: '4.57.6',
  }
  return `${JSON.stringify(Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1))), null, 2)}\n`
}
