import { readdir, realpath, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { UsageError } from '../../errors.ts'
import { globPattern } from '../http/repository.ts'

export interface PushFile {
  /** Path relative to the folder, which is also the path in the repository. */
  readonly path: string
  readonly size: number
}

export interface PushPlan {
  readonly files: readonly PushFile[]
  /** Files of the folder that are not uploaded, without hidden and unfinished files. */
  readonly left_out: readonly string[]
}

export interface PushPlanOptions {
  /** Glob patterns of additional files to upload, such as `runs/**` or `report.html`. */
  readonly include?: readonly string[]
}

/**
 * Files that a push uploads: the model and tokenizer files that transformers' Trainer.push_to_hub uploads, the files
 * that spanforge and transformers.js need in addition, the model card with its images, and a license. Data, arguments,
 * logs and reports are not included, because they contain questions, paths and names.
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

/** Hidden files, locks, and incomplete files, which are never uploaded. */
const NEVER = /(^|\/)(\.|node_modules\/|[^/]*\.(tmp|lock|partial|partial\.json|incomplete)$)/

/**
 * Lists the files that a push of the folder would upload, without network access.
 * @throws UsageError for a folder without a model, a pattern that matches nothing, or a link that leaves the folder
 */
export async function planPush(folder: string, { include = [] }: PushPlanOptions = {}): Promise<PushPlan> {
  const names = await readdir(folder, { recursive: true }).catch((error) => {
    throw new UsageError(
      `${folder}: cannot be read (${error.message})`,
      'Expected the output folder of a training run.',
    )
  })
  const paths = names.map((name) => name.split(sep).join('/')).filter((path) => !NEVER.test(path))
  const patterns = include.map((glob) => ({ glob, pattern: globPattern(glob) }))
  const unmatched = patterns.find(({ pattern }) => !paths.some((path) => pattern.test(path)))
  if (unmatched)
    throw new UsageError(
      `push: --include ${unmatched.glob} matches no file in ${folder}`,
      'Hidden and unfinished files cannot be uploaded. Run with --dry_run and without --include to list all other files.',
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
      await rejectOutside(folder, path)
      files.push({ path, size: found.size })
    }
  }
  if (files.some(({ path }) => path === 'config.json')) return { files, left_out }
  throw new UsageError(
    `${folder}: config.json is missing`,
    'Expected a folder with a saved model, as written by training.',
  )
}

async function rejectOutside(folder: string, path: string): Promise<void> {
  const target = await realpath(join(folder, path))
  if (target.startsWith(`${await realpath(folder)}${sep}`)) return
  throw new UsageError(
    `${join(folder, path)}: is a link to a file outside the folder`,
    'Push uploads only files inside the folder. To upload this one, replace the link with a copy of the file.',
  )
}
