import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { loadConfig } from '../checkpoint/model-folder.ts'
import { loadTokenizer } from '../checkpoint/tokenizer-folder.ts'

/** What downloads leave in place of a text file, and what the error calls it. */
const INSTEAD_OF_TEXT: Record<string, [bytes: string | Buffer, found: string]> = {
  'a Git LFS pointer': [
    'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 4\n',
    'found a Git LFS pointer',
  ],
  'a web page': ['<!DOCTYPE html>\n<html lang="en">', 'found a web page (HTML)'],
  'a web page after a comment': ['\n<!-- gone\n-->\n<html lang="en">', 'found a web page (HTML)'],
  'an error in XML': ['<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', 'found an XML document'],
  'an error in plain text': ['Entry not found', 'found the error message of a file server'],
  nothing: ['', 'found an empty file'],
  'zero bytes': [Buffer.alloc(1000), 'found nothing but control characters'],
  'UTF-16': [Buffer.from('\ufeff{"hidden_size": 24}', 'utf16le'), 'found text in UTF-16'],
  'UTF-16 without a mark': [Buffer.from('[PAD]\n[UNK]\n', 'utf16le'), 'found text in UTF-16'],
  gzip: [gzipSync('{"hidden_size": 24}'), 'found a file packed with gzip'],
  zip: ['PK\x03\x04\x14\x00\x00\x00', 'found a zip archive'],
}

for (const [name, [bytes, found]] of Object.entries(INSTEAD_OF_TEXT))
  test(`${name} in place of a file of text is refused by what it is`, async () => {
    const folder = temporaryFolder()
    for (const file of ['config.json', 'tokenizer.json', 'vocab.txt']) {
      await mkdir(join(folder, file))
      await writeFile(join(folder, file, file), bytes)
      const load = file === 'config.json' ? loadConfig : loadTokenizer
      const error: Error = await load(join(folder, file)).catch((error) => error)
      expect(error.message).toContain(`${file}: ${found}`)
      expect(error.message.split('\n')).toHaveLength(2)
    }
  })

test('JSON after a byte order mark is refused as in Python, saying so', async () => {
  const folder = temporaryFolder()
  await writeFile(join(folder, 'config.json'), '\ufeff{"hidden_size": 24}')
  await expect(loadConfig(folder)).rejects.toThrow(
    'config.json: found a byte order mark (BOM), expected JSON without one',
  )
})

test('broken JSON is quoted on one line', async () => {
  const folder = temporaryFolder()
  await writeFile(join(folder, 'config.json'), '\n\n? no\nJSON\n')
  const error: Error = await loadConfig(folder).catch((error) => error)
  expect(error.message.split('\n')).toEqual([
    expect.stringContaining('config.json: found broken JSON: '),
    '  The file is cut off or damaged: download or copy it again.',
  ])
})
