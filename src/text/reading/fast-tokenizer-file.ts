import { SpanforgeError } from '../../errors.ts'
import { showText } from '../../show-value.ts'
import { Fields, unexpected } from '../fields.ts'

const DEFAULT = 'tokenizer.json'
/** The version of transformers whose behavior is reproduced. */
const TRANSFORMERS = [4, 57, 6]
const VERSION = /^\d{1,9}(\.\d{1,9})*((a|b|rc|\.dev)\d+)?$/

/** Whether `fast_tokenizer_files` may list a file of this name. */
export const isFastTokenizerFile = (name: string): boolean => /^tokenizer\.([\w.]+\.)?json$/.test(name)

/**
 * Returns the name of the file with the fast tokenizer: tokenizer.json, unless `fast_tokenizer_files` in
 * tokenizer_config.json lists files for newer versions of transformers, such as `tokenizer.4.0.0.json`. As in
 * transformers, versions are sorted as text, and the last one before the first that is too new is chosen.
 */
export function fastTokenizerFile(tokenizerConfig: unknown): string {
  const config = Fields.of(tokenizerConfig ?? {}, 'tokenizer_config.json')
  if (!config.has('fast_tokenizer_files')) return DEFAULT
  const files = new Map<string, string>()
  for (const name of config.list('fast_tokenizer_files')) {
    if (typeof name !== 'string') throw unexpected(config.path('fast_tokenizer_files'), name, 'a list of file names')
    const version = /tokenizer\.(.*)\.json/.exec(name)?.[1]
    if (version === undefined) continue
    if (!isFastTokenizerFile(name) || !VERSION.test(version))
      throw new SpanforgeError(
        `tokenizer_config.json: fast_tokenizer_files lists "${showText(name, 60)}"; expected names such as tokenizer.4.0.0.json`,
        { remedy: 'Remove fast_tokenizer_files from the file to use tokenizer.json.' },
      )
    files.set(version, name)
  }
  const versions = [...files.keys()].sort()
  const tooNew = versions.findIndex((version) => isNewer(version.split('.').map(Number.parseFloat)))
  const chosen = tooNew < 0 ? versions.at(-1) : versions[tooNew - 1]
  return chosen === undefined ? DEFAULT : files.get(chosen)!
}

/** Suffixes such as `rc1` and `.dev0` denote earlier versions of a release. */
function isNewer(version: readonly number[]): boolean {
  for (let at = 0; at < Math.max(version.length, TRANSFORMERS.length); at++) {
    const [part = 0, own = 0] = [version[at], TRANSFORMERS[at]]
    if (Number.isNaN(part)) return false
    if (part !== own) return part > own
  }
  return false
}
