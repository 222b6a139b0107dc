import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeCheckpointManifest } from '../src/training/checkpoints/checkpoint-manifest.ts'

type Progress = Readonly<Record<string, unknown>>

/** Changes the progress.json of a checkpoint, which remains valid. */
export async function rewriteProgress(checkpoint: string, change: (progress: Progress) => Progress): Promise<void> {
  const json = (name: string) => JSON.parse(readFileSync(join(checkpoint, name), 'utf8'))
  writeFileSync(join(checkpoint, 'progress.json'), JSON.stringify(change(json('progress.json'))))
  const { files, step } = json('manifest.json')
  await writeCheckpointManifest(checkpoint, step, Object.keys(files))
}
