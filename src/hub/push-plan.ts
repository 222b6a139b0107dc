import { readdir, realpath, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { UsageError } from '../errors.ts'
import { globPattern } from './glob.ts'

export interface PushFile {
  /** Within the folder, and within the repository. */
  readonly path: string
  readonly size: number
}

export interface PushPlan {
  readonly files: readonly PushFile[]
  /** Files of the folder that are not uploaded. Hidden and unfinished ones are not named. */
  readonly left_out: readonly string[]
}

export interface PlanOptions {
  /** Patterns of further files: `runs/**`, `report.html`. */
  readonly include?: readonly string[]
}

/**
 * What transformers' Trainer.push_to_hub uploads of a model and its tokenizer, what spanforge and transformers.js need
 * beside it, the model card with its figures, and a licence. Data, arguments, logs and reports are not among these:
 * they hold questions, paths and names.
 */
const UPLOADED = [
  'config.json',
  'generation_config.json',
  'preprocessor_config.json',
  'model.safetensors',
  'model-?????-of-?????.safetensors',
  'model.safetensors.index.json',
  'pytorch_model.bin',
  'pytorch_model-?????-of-?????.bin',
  'pytorch_model.bin.index.json',
  'tokenizer.json',
  'tokenizer.*.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.txt',
  'vocab.json',
  'merges.txt',
  'answer_settings.json',
  'onnx/*.onnx',
  'onnx/*.onnx_data',
  'README.md',
  'LICENSE*',
  'learning_curve.svg',
  'learning_curve.png',
].map(globPattern)

/** Hidden files, locks, and files that are being written or were left unfinished: never uploaded. */
const NEVER = /(^|\/)(\.|node_modules\/|[^/]*\.(tmp|lock|partial|partial\.json|incomplete)$)/

/**
 * What a push of the folder uploads, without network.
 * @throws UsageError for a folder without a model, a pattern that matches nothing, or a link that leaves the folder
 */
export async function planPush(folder: string, { include = [] }: PlanOptions = {}): Promise<PushPlan> {
  const names = await readdir(folder, { recursive: true }).catch((error) => {
    throw new UsageError(`${folder}: cannot be read (${error.message})`, 'Give the folder that training wrote.')
  })
  const paths = names.map((name) => name.split(sep).join('/')).filter((path) => !NEVER.test(path))
  const patterns = include.map((glob) => ({ glob, pattern: globPattern(glob) }))
  const unmatched = patterns.find(({ pattern }) => !paths.some((path) => pattern.test(path)))
  if (unmatched)
    throw new UsageError(
      `push: --include ${unmatched.glob} matches no file of ${folder}`,
      'Hidden and unfinished files cannot be uploaded. Without --include, --dry_run shows the files that are left out.',
    )
  const isWanted = (path: string) =>
    [...UPLOADED, ...patterns.map(({ pattern }) => pattern)].some((it) => it.test(path))
  const files: PushFile[] = []
  const left_out: string[] = []
  for (const path of paths.sort()) {
    const found = await stat(join(folder, path)).catch(() => undefined)
    if (!found?.isFile()) continue
    if (!isWanted(path)) left_out.push(path)
    else {
      await refuseOutside(folder, path)
      files.push({ path, size: found.size })
    }
  }
  if (files.some(({ path }) => path === 'config.json')) return { files, left_out }
  throw new UsageError(`${folder}: there is no config.json`, 'Give a folder with a saved model, as training wrote it.')
}

async function refuseOutside(folder: string, path: string): Promise<void> {
  const target = await realpath(join(folder, path))
  if (target.startsWith(`${await realpath(folder)}${sep}`)) return
  throw new UsageError(
    `${join(folder, path)}: is a link to a file outside the folder, which push does not upload`,
    'Replace the link with a copy of the file if it is to be uploaded.',
  )
}
