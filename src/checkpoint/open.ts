import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { SpanforgeError } from '../errors.ts'
import { cannotRead } from '../files/binary-file.ts'
import { readJsonFile } from '../files/text-file.ts'
import { showList, showText, showValue } from '../show-value.ts'
import { noWeights, WEIGHT_FILES } from './other-weights.ts'
import { openPytorchBin } from './pytorch-bin.ts'
import { openSafetensors } from './safetensors.ts'
import type { StoredTensor, TensorSource } from './stored-tensor.ts'

/** The weights of a model folder, in any supported format. */
export interface ModelWeights extends TensorSource {
  readonly folder: string
  /** Names of the weight files in the folder. */
  readonly files: readonly string[]
}

/**
 * Opens the weights of a Hugging Face model folder: safetensors or torch files, either a single file or shards with an
 * index.
 */
export async function openWeights(folder: string): Promise<ModelWeights> {
  const present = await readdir(folder).catch((error) => Promise.reject(cannotRead(folder, error)))
  const file = WEIGHT_FILES.find((name) => present.includes(name))
  if (file === undefined) throw noWeights(folder, present)
  if (file.endsWith('.index.json')) return openShards(folder, file)
  return { folder, files: [file], ...(await openFile(join(folder, file))) }
}

const openFile = (path: string): Promise<TensorSource> =>
  path.endsWith('.safetensors') ? openSafetensors(path) : openPytorchBin(path)

const indexSchema = z.object({ weight_map: z.record(z.string(), z.string()) })

/** Allows more tensors than the header of a safetensors file may have. */
const INDEX_BOUNDS = { values: 200_000 }

async function openShards(folder: string, index: string): Promise<ModelWeights> {
  const path = join(folder, index)
  const parsed = indexSchema.safeParse(await readJsonFile(path, INDEX_BOUNDS))
  if (!parsed.success)
    throw new SpanforgeError(`${path}: expected "weight_map", an object that maps tensor names to file names`)
  const weightMap = Object.entries(parsed.data.weight_map)
  const files = [...new Set(weightMap.map(([, file]) => file))].sort()
  const suffix = index.slice(index.indexOf('.'), -'.index.json'.length)
  for (const file of files) rejectOutside(path, file, suffix)
  rejectAbsent(path, files, await readdir(folder))

  const shards = new Map<string, TensorSource>()
  const close = async (): Promise<void> => {
    for (const shard of shards.values()) await shard.close()
  }
  try {
    for (const file of files) shards.set(file, await openFile(join(folder, file)))
    const tensors = new Map<string, StoredTensor>()
    for (const [name, file] of weightMap) {
      const tensor = shards.get(file)!.tensors.get(name)
      if (!tensor)
        throw new SpanforgeError(
          `${join(folder, file)}: does not contain ${showText(name)}, which ${index} assigns to this file`,
        )
      tensors.set(name, tensor)
    }
    return { folder, files, tensors, close }
  } catch (error) {
    await close()
    throw error
  }
}

function rejectAbsent(path: string, files: readonly string[], present: readonly string[]): void {
  const names = new Set(present)
  const absent = files.filter((file) => !names.has(file))
  if (absent.length === 0) return
  throw new SpanforgeError(
    `${path}: ${absent.length} of the ${files.length} shards it lists are missing: ${showList(absent, 3)}`,
    { remedy: 'Download the missing files into the folder, or download the whole model again.' },
  )
}

function rejectOutside(path: string, file: string, suffix: string): void {
  if (!/[/\\\0]/.test(file) && file.endsWith(suffix)) return
  throw new SpanforgeError(
    `${path}: found shard ${showValue(file)}, expected the name of a ${suffix} file in the same folder as the index`,
    {
      remedy: 'The index is corrupted or malicious. Download the model again.',
    },
  )
}
