/**
 * Compares how spanforge and transformers tokenize random texts in all scripts:
 * `npx tsx scripts/check-tokenizers.ts [--count 10000] [--seed 1] [--only bpe] [FOLDER ...]`. Without folders it compares the
 * small ones of tests/fixtures/tokenizer-folders, which have a tokenizer of each kind, or those whose names contain `only`.
 * SPANFORGE_PYTHON names a Python with transformers 4.57.6 and sentencepiece; without it the script says that it compares
 * nothing.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { brotliDecompressSync } from 'node:zlib'
import { loadTokenizer } from '../src/checkpoint/tokenizer-folder.ts'
import type { Tokenizer } from '../src/text/index.ts'
import { type TokenizerCase, writeCase } from '../tests/tokenizer-cases.ts'

interface Recorded {
  readonly text: string
  readonly error?: string
  readonly ids: number[]
  readonly offsets: number[]
  readonly words: number[]
  readonly decoded: string
}

const FILES = ['cases.json', 'bpe.json', 'unigram.json', 'sentencepiece.json.br']

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
  },
})
const python = process.env.SPANFORGE_PYTHON
if (!python) console.log('skipped: SPANFORGE_PYTHON names no Python with transformers to compare with')
else if (positionals.length > 0) for (const folder of positionals) await report(python, folder, folder)
else {
  const root = mkdtempSync(join(tmpdir(), 'spanforge-tokenizers-'))
  for (const [i, recorded] of smallFolders().entries())
    await report(python, writeCase(recorded, join(root, String(i))), recorded.name)
  rmSync(root, { recursive: true })
}

function smallFolders(): TokenizerCase[] {
  const read = (name: string): TokenizerCase[] => {
    const bytes = readFileSync(new URL(`../tests/fixtures/tokenizer-folders/${name}`, import.meta.url))
    return JSON.parse((name.endsWith('.br') ? brotliDecompressSync(bytes) : bytes).toString())
  }
  return FILES.flatMap(read).filter(({ name, error }) => error === undefined && name.includes(values.only))
}

async function report(python: string, folder: string, name: string): Promise<void> {
  let tokenizer: Tokenizer
  try {
    tokenizer = await loadTokenizer(folder)
  } catch (error) {
    console.log(`${name}: not supported: ${(error as Error).message}`)
    return
  }
  const { texts, differing } = await compare(python, folder, tokenizer)
  console.log(`${name}: ${texts} texts, ${differing} differ`)
  if (differing > 0 || texts === 0) process.exitCode = 1
}

async function compare(python: string, folder: string, tokenizer: Tokenizer) {
  const script = fileURLToPath(new URL('python/tokenizer_strings.py', import.meta.url))
  const child = spawn(python, [script, folder, values.count, values.seed], { stdio: ['ignore', 'pipe', 'inherit'] })
  let texts = 0
  let differing = 0
  for await (const line of createInterface({ input: child.stdout })) {
    texts++
    const difference = differenceOf(tokenizer, JSON.parse(line) as Recorded)
    if (difference === undefined) continue
    if (differing++ < 10) console.log(`${folder}: ${difference}`)
  }
  return { texts, differing }
}

function differenceOf(tokenizer: Tokenizer, recorded: Recorded): string | undefined {
  const text = JSON.stringify(recorded.text)
  let found: Recorded
  try {
    const { ids, offsets, wordIds } = tokenizer.encode(recorded.text)
    const decoded = tokenizer.decode(ids)
    found = { text: recorded.text, ids: [...ids], offsets: [...offsets], words: [...wordIds], decoded }
  } catch (error) {
    return recorded.error === undefined ? `${text}: ${(error as Error).message}` : undefined
  }
  if (recorded.error !== undefined) return `${text}: Python fails with ${recorded.error}`
  for (const field of ['ids', 'offsets', 'words', 'decoded'] as const)
    if (JSON.stringify(found[field]) !== JSON.stringify(recorded[field]))
      return `${field} of ${text}: ${JSON.stringify(found[field])}, Python ${JSON.stringify(recorded[field])}`
  return undefined
}
