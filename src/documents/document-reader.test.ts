import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { docxOf } from '../../tests/docx-file.ts'
import { pdfOf } from '../../tests/pdf-file.ts'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { zipOf } from '../../tests/zip-archive.ts'
import type { DocumentType } from './document.ts'
import { DocumentReader } from './document-reader.ts'
import { findDocuments } from './find-documents.ts'

const reader = new DocumentReader({ max_bytes: 30e6, max_unpacked: 1e6, max_pages: 3, max_characters: 100_000 })
afterAll(() => reader.end())

async function read(type: DocumentType, content: string | Uint8Array, by = reader) {
  const path = join(temporaryFolder(), `document.${type}`)
  writeFileSync(path, content)
  return by.read(path, type)
}

const problemOf = async (...args: Parameters<typeof read>) => {
  const result = await read(...args)
  return 'problem' in result ? result.problem : undefined
}

async function documentOf(...args: Parameters<typeof read>) {
  const result = await read(...args)
  if (!('document' in result)) throw new Error(JSON.stringify(result))
  const { document } = result
  for (const { start, text } of document.blocks) expect(document.text.slice(start, start + text.length)).toBe(text)
  return document
}

const outline = async (...args: Parameters<typeof read>) =>
  (await documentOf(...args)).blocks.map(({ text, headings }) => [...headings, text].join(' > '))

describe('DocumentReader', () => {
  it('reads paragraphs of text in UTF-8, UTF-16 and Windows-1252, and removes control characters', async () => {
    expect(await outline('txt', 'One\r\nline.\r\n\r\nTwo\x07\x1b\ud800 😀.')).toEqual(['One\nline.', 'Two\ufffd 😀.'])
    expect(await outline('txt', 'line\nline')).toEqual(['line', 'line'])
    expect(await outline('txt', Buffer.from('\ufeffä', 'utf16le'))).toEqual(['ä'])
    expect(await outline('txt', Buffer.from('Bär', 'latin1'))).toEqual(['Bär'])
  })

  it('reads headings of Markdown, HTML and Word documents', async () => {
    const markdown = '---\ntitle: x\n---\n# A\n\none *two*\n\n## B\n\n- item\n\n# C\n\n```\n  code\n```\n'
    const found = ['A', 'A > one two', 'A > B', 'A > B > item', 'C', 'C > code']
    expect(await outline('md', markdown)).toEqual(found)
    const html = '<title>T</title><h1>A</h1><p>one <b>two</b><script>x()</script><h2>B</h2><ul><li>item</ul>'
    expect(await outline('html', `${html}<div hidden>no</div><h1>C</h1><pre>  code</pre>`)).toEqual(found)
    expect((await documentOf('html', html)).title).toBe('T')
    expect(await outline('docx', docxOf(['# A', 'one', '# B', 'two &amp; three']))).toEqual([
      'A',
      'A > one',
      'B',
      'B > two & three',
    ])
  })

  it('reads the pages and headings of a PDF', async () => {
    const page = (title: string, text: string) => [
      { text: title, size: 24, y: 700 },
      { text, y: 660 },
    ]
    const document = await documentOf(
      'pdf',
      pdfOf(page('Setup', 'Plug it in and wait.'), page('Repair', 'Send it back.')),
    )
    expect(document.pages).toBe(2)
    expect(document.blocks.map(({ text, pages, headings }) => [text, pages?.[0][1], ...headings])).toEqual([
      ['Setup', 1],
      ['Plug it in and wait.', 1, 'Setup'],
      ['Repair', 2],
      ['Send it back.', 2, 'Repair'],
    ])
  })

  it.each<[string, DocumentType, string | Uint8Array, RegExp]>([
    ['an empty file', 'txt', '', /empty/],
    ['spaces', 'txt', ' \n ', /no text/],
    ['a binary file', 'txt', Buffer.from([65, 0, 1]), /binary file/],
    ['text named .pdf', 'pdf', 'hello', /not a PDF/],
    ['a truncated PDF', 'pdf', pdfOf([{ text: 'x', y: 9 }]).subarray(0, 60), /not a PDF, or truncated/],
    ['a PDF of pictures', 'pdf', pdfOf([]), /images without text/],
    ['a PDF with many pages', 'pdf', pdfOf([], [], [], []), /found 4 pages, expected at most 3/],
    ['a PDF named .txt', 'txt', pdfOf([]), /PDF with the ending/],
    ['text named .docx', 'docx', 'hello', /not a docx file/],
    ['an old Word file', 'docx', Buffer.from('d0cf11e0a1b11ae1', 'hex'), /Word 97/],
    ['a truncated docx file', 'docx', docxOf(['x']).subarray(0, 300), /truncated or corrupted/],
    [
      'a docx file without its main part',
      'docx',
      zipOf([{ name: 'x', content: Buffer.from('x') }]),
      /main part is missing/,
    ],
    ['a zip bomb', 'docx', docxOf(['x'.repeat(2e6)]), /more than 0 MB after decompression|after decompression/],
    [
      'a zip bomb of two parts',
      'docx',
      docxOf(['x'.repeat(6e5)], { footnotes: 'x'.repeat(6e5) }),
      /after decompression/,
    ],
    ['a zip bomb that states a small size', 'docx', docxOf(['x'.repeat(2e6)], { declared: 1000 }), /./],
    ['deeply nested Markdown', 'md', `${'> '.repeat(20_000)}x`, /nested too deeply/],
    ['long text', 'txt', 'word '.repeat(30_000), /more than 100,000 characters/],
    ['long text in short paragraphs', 'txt', 'word\n\n'.repeat(20_000), /more than 100,000 characters/],
  ])('names the problem of %s', async (_, type, content, message) => {
    expect(await problemOf(type, content)).toMatch(message)
  })

  it('reads documents that reach the limits', async () => {
    expect((await documentOf('pdf', pdfOf([{ text: 'x', y: 9 }], [], []))).pages).toBe(3)
    expect((await documentOf('txt', `x\n\n${'y'.repeat(99_997)}`)).text).toHaveLength(100_000)
    expect((await documentOf('docx', docxOf(['x'.repeat(99_000)]))).text).toHaveLength(99_000)
  })

  it('reads deeply nested HTML', async () => {
    expect(await outline('html', `${'<div>'.repeat(100_000)}deep`)).toEqual(['deep'])
  })

  it('stops a document that takes too long, and reads the next one', async () => {
    const impatient = new DocumentReader({ max_seconds: 0.001 })
    expect(await problemOf('md', '# x\n\n'.repeat(100_000), impatient)).toBe('took more than 0.001 s')
    await impatient.end()
    const patient = new DocumentReader({ max_bytes: 10 })
    expect(await problemOf('txt', 'more than ten bytes', patient)).toMatch(/expected at most 1 MB/)
    expect(await outline('txt', 'short', patient)).toEqual(['short'])
    await patient.end()
  })
})

describe('findDocuments', () => {
  it('finds documents in folders, but no hidden files and no links to paths outside the folder', async () => {
    const folder = temporaryFolder()
    const docs = join(folder, 'docs')
    mkdirSync(join(docs, 'inner'), { recursive: true })
    for (const name of ['b.txt', 'a.MD', 'inner/c.html', '.hidden.txt', 'picture.png', '../outside.txt'])
      writeFileSync(join(docs, name), 'x')
    symlinkSync('../outside.txt', join(docs, 'out.txt'))
    for (const name of ['a-same.txt', 'same.txt', 'z-same.txt']) symlinkSync('b.txt', join(docs, name))
    symlinkSync('nowhere.txt', join(docs, 'broken.txt'))
    symlinkSync('.', join(docs, 'circle'))
    const found = await findDocuments([docs, join(docs, 'b.txt')])
    expect(found.documents.map(({ name, type }) => [name, type])).toEqual([
      ['docs/a.MD', 'md'],
      ['docs/b.txt', 'txt'],
      ['docs/inner/c.html', 'html'],
    ])
    expect(found.skipped.map(({ name, reason }) => `${name}: ${reason}`).sort()).toEqual([
      'docs/broken.txt: does not exist',
      'docs/out.txt: a link to a path outside the folder',
    ])
    expect(found.other_files).toBe(2)
    await expect(findDocuments([join(folder, 'none')])).rejects.toThrow('none: does not exist')
    await expect(findDocuments([join(docs, 'inner', '..', '..', 'docs', 'picture.png')])).resolves.toBeTruthy()
  })
})
