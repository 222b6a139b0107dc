import { SpanforgeError } from '../errors.ts'
import type { CheckpointNames, ParameterSpec } from '../models/architecture.ts'
import { showLines, showList, showText, showValue } from '../show-value.ts'
import { isFloat, rejectNonfinite } from './floats.ts'
import type { ModelWeights } from './open.ts'
import { type StoredTensor, unreadable } from './stored-tensor.ts'

type NamedShape = Pick<ParameterSpec, 'name' | 'shape'>

export interface Mismatch {
  readonly name: string
  readonly found: readonly number[]
  readonly expected: readonly number[]
}

/**
 * Differences between a checkpoint and the model, as reported by from_pretrained in transformers 4.57. Lists are sorted
 * by name.
 */
export interface LoadReport {
  /** Parameters that are missing in the checkpoint. */
  readonly missing: readonly string[]
  /** Tensors in the checkpoint that the model does not use. */
  readonly unexpected: readonly string[]
  readonly mismatched: readonly Mismatch[]
}

export interface ParameterMatch extends LoadReport {
  /** The stored tensor of each parameter that is neither missing nor mismatched. */
  readonly found: ReadonlyMap<string, StoredTensor>
  /** Stored tensors of model parameters whose type cannot be converted to float32, such as quantized weights. */
  readonly unreadable: readonly StoredTensor[]
}

const BROKEN = 'The model was corrupted during training or conversion. Use an earlier checkpoint.'

/**
 * Name parts that DataParallel, torch.compile, FSDP and activation checkpointing insert around the model or its
 * modules.
 */
const WRAPPERS: ReadonlySet<string> = new Set([
  'module',
  '_orig_mod',
  '_fsdp_wrapped_module',
  '_checkpoint_wrapped_module',
])

/** Strips wrappers and replaces names from the original TensorFlow checkpoints by those of transformers. */
const modernName = (key: string): string =>
  key
    .split('.')
    .filter((part) => !WRAPPERS.has(part))
    .join('.')
    .replace(/LayerNorm\.gamma$/, 'LayerNorm.weight')
    .replace(/LayerNorm\.beta$/, 'LayerNorm.bias')

/**
 * Finds the stored tensor of each parameter. Handles bare encoders (BertModel), whose names lack the prefix (such as
 * `bert.`) of other models; very old files, which name the LayerNorm parameters gamma and beta; and wrapped models,
 * whose names have additional parts (such as `module.`).
 * @throws SpanforgeError if two tensors map to the same parameter
 */
export function matchParameters(
  tensors: ReadonlyMap<string, StoredTensor>,
  specs: readonly NamedShape[],
  { prefix, constants }: CheckpointNames,
): ParameterMatch {
  const wanted = new Map(specs.map((spec) => [spec.name, spec]))
  const isBare = ![...tensors.keys()].some((key) => modernName(key).startsWith(prefix))
  const found = new Map<string, StoredTensor>()
  const keys = new Map<string, string>()
  const unreadable: StoredTensor[] = []
  const unexpected: string[] = []
  const mismatched: Mismatch[] = []
  for (const [key, tensor] of tensors) {
    const modern = modernName(key)
    const name = isBare && !wanted.has(modern) ? prefix + modern : modern
    const spec = wanted.get(name)
    if (spec === undefined) {
      if (!constants.includes(name.slice(prefix.length))) unexpected.push(modern)
      continue
    }
    const other = keys.get(name)
    if (other !== undefined)
      throw new SpanforgeError(`the weights contain ${name} twice: as ${showText(other)} and as ${showText(key)}`, {
        remedy: 'Remove one of them from the file.',
      })
    keys.set(name, key)
    if (!isFloat(tensor.dtype)) unreadable.push(tensor)
    else if (String(spec.shape) === String(tensor.shape)) found.set(name, tensor)
    else mismatched.push({ name, found: tensor.shape, expected: spec.shape })
  }
  const missing = specs.map(({ name }) => name).filter((name) => !keys.has(name))
  mismatched.sort((a, b) => (a.name < b.name ? -1 : 1))
  return { found, unreadable, missing: missing.sort(), unexpected: unexpected.sort(), mismatched }
}

/**
 * Reads a model's parameters as float32 into the arrays returned by `view(name)`. Missing and mismatched parameters are
 * left unchanged, for the caller to initialize.
 *
 * @throws SpanforgeError if a shape does not match (unless `ignore_mismatched_sizes` is set), a weight is not finite or
 * not a float, or the checkpoint has none of the model's weights
 */
export async function loadParameters(
  checkpoint: ModelWeights,
  specs: readonly NamedShape[],
  names: CheckpointNames,
  view: (name: string) => Float32Array,
  { ignore_mismatched_sizes = false }: { readonly ignore_mismatched_sizes?: boolean } = {},
): Promise<LoadReport> {
  const match = matchParameters(checkpoint.tensors, specs, names)
  const { found, missing, unexpected, mismatched } = match
  rejectUnreadable(match)
  if (missing.length === specs.length) rejectStrangers(checkpoint, specs)
  if (mismatched.length > 0 && !ignore_mismatched_sizes) rejectMismatched(checkpoint.folder, mismatched)
  for (const [name, tensor] of found) {
    const target = view(name)
    await tensor.readInto(target)
    rejectNonfinite(`${checkpoint.folder}: ${tensor.name}`, target, BROKEN)
  }
  return { missing, unexpected, mismatched }
}

/** @throws SpanforgeError if a parameter is stored in a type that cannot be converted to float32 */
export function rejectUnreadable({ unreadable: tensors }: ParameterMatch): void {
  for (const { name, path, dtype } of tensors) throw unreadable(`${path}: ${showText(name)}`, dtype)
}

function rejectStrangers({ folder, files, tensors }: ModelWeights, specs: readonly NamedShape[]): never {
  const names = [...tensors.keys()]
  const found = names.length > 0 ? `${names.length} tensors (${showList(names, 3)})` : 'no tensors'
  throw new SpanforgeError(
    `${folder}: ${showList(files, 3)} contains none of the model's weights: found ${found}, expected ${specs[0].name} and ${specs.length - 1} more`,
    { remedy: 'Use a folder written by save_pretrained.' },
  )
}

function rejectMismatched(folder: string, mismatched: readonly Mismatch[]): never {
  const lines = mismatched.map(
    ({ name, found, expected }) =>
      `  ${showText(name, 80)}: found shape ${showValue(found)}, expected ${showValue(expected)}`,
  )
  throw new SpanforgeError(`${folder}: weights whose shapes do not match the model:\n${showLines(lines, 5)}`, {
    remedy: 'Check config.json, or set ignore_mismatched_sizes to reinitialize these weights.',
  })
}
