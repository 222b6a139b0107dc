import { SpanforgeError } from '../errors.ts'
import type { Checkpoint } from './open.ts'
import type { StoredTensor } from './stored-tensor.ts'

/** A parameter that a model has: its name in the graph, which is its key in a checkpoint. */
export interface ParameterSpec {
  readonly name: string
  readonly shape: readonly number[]
}

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
}

const PREFIX = 'bert.'

/** Tables of 0, 1, 2... that old checkpoints carry along. */
const CONSTANTS = ['embeddings.position_ids', 'embeddings.token_type_ids']

/** The names of the original TensorFlow checkpoints. */
const modernName = (key: string): string =>
  key.replace(/LayerNorm\.gamma$/, 'LayerNorm.weight').replace(/LayerNorm\.beta$/, 'LayerNorm.bias')

/**
 * Finds each parameter's tensor. A bare encoder (BertModel) lacks the prefix `bert.` that every other BERT has, and
 * very old files name LayerNorm's parameters gamma and beta; both are understood.
 */
export function matchParameters(
  tensors: ReadonlyMap<string, StoredTensor>,
  specs: readonly ParameterSpec[],
): ParameterMatch {
  const wanted = new Map(specs.map((spec) => [spec.name, spec]))
  const isBare = ![...tensors.keys()].some((key) => key.startsWith(PREFIX))
  const found = new Map<string, StoredTensor>()
  const unexpected: string[] = []
  const mismatched: Mismatch[] = []
  for (const [key, tensor] of tensors) {
    const modern = modernName(key)
    const name = isBare && !wanted.has(modern) ? PREFIX + modern : modern
    const spec = wanted.get(name)
    if (spec === undefined) {
      if (!CONSTANTS.includes(name.slice(PREFIX.length))) unexpected.push(modern)
    } else if (String(spec.shape) === String(tensor.shape)) found.set(name, tensor)
    else mismatched.push({ name, found: tensor.shape, expected: spec.shape })
  }
  const known = new Set([...found.keys(), ...mismatched.map(({ name }) => name)])
  const missing = specs.map(({ name }) => name).filter((name) => !known.has(name))
  mismatched.sort((a, b) => (a.name < b.name ? -1 : 1))
  return { found, missing: missing.sort(), unexpected: unexpected.sort(), mismatched }
}

/**
 * Reads a model's parameters into their memory, `view(name)`, as float32. Missing and mismatched parameters are left
 * as they are, for the caller to initialise; a mismatch is an error unless `ignore_mismatched_sizes`, and so is a
 * weight that is not a finite number.
 */
export async function loadParameters(
  checkpoint: Checkpoint,
  specs: readonly ParameterSpec[],
  view: (name: string) => Float32Array,
  { ignore_mismatched_sizes = false }: { readonly ignore_mismatched_sizes?: boolean } = {},
): Promise<LoadReport> {
  const { found, missing, unexpected, mismatched } = matchParameters(checkpoint.tensors, specs)
  if (mismatched.length > 0 && !ignore_mismatched_sizes) refuseMismatched(checkpoint.folder, mismatched)
  for (const [name, tensor] of found) {
    const target = view(name)
    await tensor.readInto(target)
    refuseNonfinite(`${checkpoint.folder}: ${tensor.name}`, target)
  }
  return { missing, unexpected, mismatched }
}

function refuseMismatched(folder: string, mismatched: readonly Mismatch[]): never {
  const list = mismatched.map(({ name, found, expected }) => `${name}: found shape [${found}], expected [${expected}]`)
  throw new SpanforgeError(`${folder}: weights of another shape than the model's:\n  ${list.join('\n  ')}`, {
    remedy: 'Check config.json; ignore_mismatched_sizes initialises these weights anew.',
  })
}

function refuseNonfinite(place: string, values: Float32Array): void {
  let count = 0
  // x - x is 0 for every finite number and NaN for the others.
  for (let i = 0; i < values.length; i++) if (values[i] - values[i] !== 0) count++
  if (count === 0) return
  const first = values.findIndex((value) => !Number.isFinite(value))
  throw new SpanforgeError(
    `${place}: found ${count} of ${values.length} weights that are not finite, the first (${values[first]}) at ${first}`,
    { remedy: 'The model was damaged in training or in conversion: take an earlier checkpoint.' },
  )
}
