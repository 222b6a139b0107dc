/**
 * Compares how spanforge and transformers read tokenizer folders recorded by `scripts/python/tokenizer_folders.py`:
 * `npx tsx scripts/check-tokenizer-folders.ts FILE [SAVED]`. SAVED is a new folder in which spanforge saves each
 * tokenizer, for comparison with `python scripts/python/tokenizer_folders.py --saved SAVED FILE`.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { loadTokenizer, saveTokenizer } from '../src/checkpoint/tokenizer-folder.ts'
import { compareCase, type TokenizerCase, writeCase } from '../tests/tokenizer-cases.ts'

const [file, keptIn] = process.argv.slice(2)
const cases = JSON.parse(readFileSync(file, 'utf8')) as TokenizerCase[]
const root = mkdtempSync(join(tmpdir(), 'spanforge-tokenizers-'))
let differing = 0
for (const [i, recorded] of cases.entries()) {
  const difference = await differenceOf(recorded, join(root, String(i)))
  if (difference === undefined) continue
  differing++
  console.log(`${recorded.name}: ${difference}`)
}
rmSync(root, { recursive: true })
console.log(`${cases.length} folders, ${differing} differ`)
process.exitCode = differing > 0 ? 1 : 0

async function differenceOf(recorded: TokenizerCase, folder: string): Promise<string | undefined> {
  const loaded = await loadTokenizer(writeCase(recorded, folder)).catch((error: Error) => error)
  if (recorded.error !== undefined) return loaded instanceof Error ? undefined : `Python rejects it: ${recorded.error}`
  if (loaded instanceof Error) return loaded.message
  await saveTokenizer(loaded, `${folder}-saved`)
  if (keptIn) cpSync(`${folder}-saved`, join(keptIn, basename(folder)), { recursive: true })
  for (const [tokenizer, when] of [
    [loaded, 'as it is'],
    [await loadTokenizer(`${folder}-saved`), 'saved and reloaded'],
  ] as const) {
    const { expected, found } = compareCase(tokenizer, recorded)
    const place = firstDifference(expected, found)
    if (place !== undefined) return `${when}, ${place}`
  }
  return undefined
}

/** Describes the first difference between two values. */
function firstDifference(expected: unknown, found: unknown, place = ''): string | undefined {
  if (isDeepStrictEqual(expected, found)) return undefined
  if (typeof expected === 'object' && typeof found === 'object' && expected && found && !isNumbers(expected))
    for (const key of new Set([...Object.keys(expected), ...Object.keys(found)])) {
      const [a, b] = [expected, found].map((value) => (value as Record<string, unknown>)[key])
      const inside = firstDifference(a, b, `${place}.${key}`)
      if (inside !== undefined) return `${inside}${'text' in expected ? ` of ${JSON.stringify(expected.text)}` : ''}`
    }
  return `${place}: Python ${JSON.stringify(expected)}, spanforge ${JSON.stringify(found)}`
}

function isNumbers(value: object): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'number')
}
