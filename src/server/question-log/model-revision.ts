import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'

const WEIGHTS = /\.(safetensors|bin|onnx|onnx_data)$/

/**
 * Identifies the weights in a model folder: the commit for a snapshot of the hub, otherwise a digest of the files.
 * Undefined if they have changed since `loaded`, because then they are not those of the loaded model.
 */
export async function modelRevision(folder: string, loaded: Date): Promise<string | undefined> {
  const commit = /[\\/]snapshots[\\/]([0-9a-f]{40})[\\/]?$/.exec(folder)?.[1]
  if (commit) return commit
  const hash = createHash('sha256')
  for (const name of (await readdir(folder)).filter((one) => WEIGHTS.test(one)).sort()) {
    const path = join(folder, name)
    const { mtime, ctime } = await stat(path)
    if (mtime > loaded || ctime > loaded) return undefined
    hash.update(`${name}\n`)
    await pipeline(createReadStream(path, { highWaterMark: 2 ** 20 }), hash, { end: false })
  }
  return `sha256:${hash.digest('hex').slice(0, 16)}`
}
