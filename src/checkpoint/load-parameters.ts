import { SpanforgeError } from '../errors.ts'
import type { CheckpointNames, ParameterSpec } from '../models/architecture.ts'
import { showLines, showList, showText, showValue } from '../show-value.ts'
import { refuseNonfinite } from './finite.ts'
import { isFloat } from './floats.ts'
import type { ModelWeights } from './open.ts'
import { type StoredTensor, unreadable } from './stored-tensor.ts'

type NamedShape = Pick<ParameterSpec, 'name' | 'shape'>

export interface Mismatch {
  readonly name: string
  readonly found: readonly number[]
  readonly expected: readonly number[]
}

/** What did not fit, as from_pretrained of transformers 4.57 reports it, each list sorted by name. */
export interface LoadReport {
  /** Parameters that the checkpoint does not have. */
  readonly missing: readonly string[]
  /** Tensors of the checkpoint that the model has no use for. */
  readonly unexpected: readonly string[]
  readonly mismatched: readonly Mismatch[]
}

export interface ParameterMatch extends LoadReport {
  /** The stored tensor of each parameter that is neither missing nor mismatched. */
  readonly found: ReadonlyMap<string, StoredTensor>
  /** Stored tensors of parameters whose type does not become float32: quantized weights. */
  readonly unreadable: readonly StoredTensor[]
}

const BROKEN = 'The model was damaged in training or in conversion: take an earlier checkpoint.'

/** What DataParallel, torch.compile, FSDP and activation checkpointing put into names, around the model or parts of it. */
const WRAPPERS: ReadonlySet<string> = new Set([
  'module',
  '_orig_mod',
  '_fsdp_wrapped_module',
  '_checkpoint_wrapped_module',
])

/** The name without wrappers, and as transformers has it where the original TensorFlow checkpoints have another. */
const modernName = (key: string): string =>
  key
    .split('.')
    .filter((part) => !WRAPPERS.has(part))
    .join('.')
    .replace(/LayerNorm\.gamma$/, 'LayerNorm.weight')
    .replace(/LayerNorm\.beta$/, 'LayerNorm.bias')

/**
 * Finds each parameter's tensor. A bare encoder (BertModel) lacks the prefix, such as `bert.`, of its other models; very
 * old files name LayerNorm's parameters gamma and beta, and a wrapped model (`module.`) has longer names: all are understood.
 * @throws SpanforgeError where two tensors are the same parameter
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
      throw new SpanforgeError(`the weights hold ${name} twice: as ${showText(other)} and as ${showText(key)}`, {
        remedy: 'Remove one of the two from the file.',
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
 * Reads a model's parameters into their memory, `view(name)`, as float32. Missing and mismatched parameters are left
 * as they are, for the caller to initialise; a mismatch is an error unless `ignore_mismatched_sizes`, and so are a
 * weight that is not a finite number, one of a type that is not float, and weights of which none is the model's.
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
  refuseUnreadable(match)
  if (missing.length === specs.length) refuseStrangers(checkpoint, specs)
  if (mismatched.length > 0 && !ignore_mismatched_sizes) refuseMismatched(checkpoint.folder, mismatched)
  for (const [name, tensor] of found) {
    const target = view(name)
    await tensor.readInto(target)
    refuseNonfinite(`${checkpoint.folder}: ${tensor.name}`, target, BROKEN)
  }
  return { missing, unexpected, mismatched }
}

/** @throws SpanforgeError where a parameter is stored as something that does not become float32 */
export function refuseUnreadable({ unreadable: tensors }: ParameterMatch): void {
  for (const { name, path, dtype } of tensors) throw unreadable(`${path}: ${showText(name)}`, dtype)
}

function refuseStrangers({ folder, files, tensors }: ModelWeights, specs: readonly NamedShape[]): never {
  const names = [...tensors.keys()]
  const found = names.length > 0 ? `${names.length} tensors (${showList(names, 3)})` : 'no tensors'
  throw new SpanforgeError(
    `${folder}: none of the model's weights is in ${showList(files, 3)}: found ${found}, expected ${specs[0].name} and ${specs.length - 1} more`,
    { remedy: 'Use the folder of a model that was saved with save_pretrained.' },
  )
}

function refuseMismatched(folder: string, mismatched: readonly Mismatch[]): never {
  const lines = mismatched.map(
    ({ name, found, expected }) =>
      `  ${showText(name, 80)}: found shape ${showValue(found)}, expected ${showValue(expected)}`,
  )
  throw new SpanforgeError(`${folder}: weights of another shape than the model's:\n${showLines(lines, 5)}`, {
    remedy: 'Check config.json; ignore_mismatched_sizes initialises these weights anew.',
  })
}
