import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { loadConfig } from '../checkpoint/model-folder.ts'
import { loadTokenizer } from '../checkpoint/tokenizer-folder.ts'

/** Content that downloads may leave instead of a text file, and how the error describes it. */
const INSTEAD_OF_TEXT: Record<string, [bytes: string | Buffer, found: string]> = {
  'a Git LFS pointer': [
    'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 4\n',
    'found a Git LFS pointer',
  ],
  'a web page': ['<!DOCTYPE html>\n<html lang="en">', 'found a web page (HTML)'],
  'a web page after a comment': ['\n<!-- gone\n-->\n<html lang="en">', 'found a web page (HTML)'],
  'an error in XML': ['<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', 'found an XML document'],
  'an error in plain text': ['Entry not found', 'found a server error message'],
  nothing: ['', 'found an empty file'],
  'zero bytes': [Buffer.alloc(1000), 'found only control characters'],
  'UTF-16': [Buffer.from('\ufeff{"hidden_size": 24}', 'utf16le'), 'found text in UTF-16'],
  'UTF-16 without a mark': [Buffer.from('[PAD]\n[UNK]\n', 'utf16le'), 'found text in UTF-16'],
  gzip: [gzipSync('{"hidden_size": 24}'), 'found a gzip archive'],
  zip: ['PK\x03\x04\x14\x00\x00\x00', 'found a zip archive'],
}

for (const [name, [bytes, found]] of Object.entries(INSTEAD_OF_TEXT))
  test(`recognizes ${name} instead of a text file`, async () => {
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

test('rejects JSON with a byte order mark, as Python does, with an explanation', async () => {
  const folder = temporaryFolder()
  await writeFile(join(folder, 'config.json'), '\ufeff{"hidden_size": 24}')
  await expect(loadConfig(folder)).rejects.toThrow(
    'config.json: found a byte order mark (BOM), expected JSON without one',
  )
})

test('quotes broken JSON on one line', async () => {
  const folder = temporaryFolder()
  await writeFile(join(folder, 'config.json'), '\n\n? no\nJSON\n')
  const error: Error = await loadConfig(folder).catch((error) => error)
  expect(error.message.split('\n')).toEqual([
    expect.stringContaining('config.json: found broken JSON: '),
    '  The file is truncated or corrupted. Download or copy it again.',
  ])
})
