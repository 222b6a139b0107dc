import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeXlsx } from 'hucre/xlsx'
import { describe, expect, it } from 'vitest'
import { fixture } from '../../../tests/fixture.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { itInFull } from '../../../tests/thorough.ts'
import { zipOf } from '../../../tests/zip-archive.ts'
import type { Example } from '../../squad/types.ts'
import { checkFile } from '../checks/check-file.ts'
import { writeFixed } from '../checks/fix-file.ts'
import { openFile } from '../open-file.ts'
import { readExamples, readSourceExamples, recordsOf } from '../read-examples.ts'
import { checkUnpackedSize, unpackEntry, zipEntries } from './zip-directory.ts'

const file = (name: string, content: string | Uint8Array): string => {
  const path = join(temporaryFolder(), name)
  writeFileSync(path, content)
  return path
}

async function fixed(path: string, name = 'fixed.csv'): Promise<string> {
  const copy = join(temporaryFolder(), name)
  await writeFixed(await checkFile(path, {}), copy)
  return copy
}

const answersOf = (examples: readonly Example[]) =>
  examples.map(({ question, answers: [answer] }) => [question, answer?.text, answer?.answer_start])

const WHEN = [['When?', '1843', 13]]

describe('a table is read', () => {
  it.each([
    ['below a title', 'Questions of 2021,,\n,,\nquestion,context,answer\nWhen?,Ada wrote in 1843,1843\n'],
    [
      'below notes with other delimiters',
      'Notes; 1, 2, and 3\nquestion\tcontext\tanswer\nWhen?\tAda wrote in 1843\t1843',
    ],
    [
      'with the headers of appended files',
      'question,context,answer\n\ufeffquestion,context,answer\nWhen?,Ada wrote in 1843,1843\nquestion,context,answer\n',
    ],
    ['with an index column', ',question,context,answer\n0,When?,Ada wrote in 1843,1843\n'],
    ['with columns that have no name', 'question,,context,answer,,\nWhen?,,Ada wrote in 1843,1843,,a note\n'],
    ['with headers that others have too', 'question,context,answer,Note,Note\nWhen?,Ada wrote in 1843,1843,a,b\n'],
    ['with rows that lack columns without a name', 'question,context,answer,,\nWhen?,Ada wrote in 1843,1843\n'],
    [
      'with rows that end in carriage returns and contexts with line feeds',
      'question,context,answer\r"When?","Ada wrote in 1843\nor later",1843\r',
    ],
    ['with answer_start in thousands', `question,context,answer,answer_start\nWhen?,Ada wrote in 1843,1843,"13,0"`],
  ])('%s', async (_, text) => {
    expect(answersOf(await readExamples(file('a.csv', text)))).toEqual(WHEN)
  })

  it.each(['1,450', '1.450', '1 450', '1’450', '1\u00a0450'])('with answer_start %s', async (start) => {
    const context = `${'x '.repeat(725)}Ada`
    const text = `question,context,answer,answer_start\nWho?,${context},Ada,"${start}"`
    expect((await readExamples(file('a.csv', text)))[0].answers).toEqual([{ text: 'Ada', answer_start: 1450 }])
  })

  it.each(['utf16le', 'utf16be'])('in UTF-16 without a byte-order mark (%s)', async (encoding) => {
    const bytes = Buffer.from('question\tcontext\tanswer\r\nWhen?\tAda wrote in 1843\t1843\r\n', 'utf16le')
    const path = file('a.txt', encoding === 'utf16be' ? bytes.swap16() : bytes)
    expect(answersOf(await readExamples(path))).toEqual(WHEN)
  })

  it('with an index column, which --fix keeps', async () => {
    const path = file('a.csv', ',question,context,answer,,\n7,When?,Ada wrote in 1843,1843,,a note\n')
    expect(readFileSync(await fixed(path), 'utf8')).toBe(
      ',question,context,answer,answer_start,(column 6)\n"7","When?","Ada wrote in 1843","1843","13","a note"\n',
    )
  })

  it('or rejected with the columns of the most likely header', async () => {
    const path = file('a.csv', 'My questions\nquestion,text of the page,answer\na,b,c\n')
    await expect(readExamples(path)).rejects.toThrow(
      'no context column; found the columns question, text of the page, answer',
    )
  })
})

describe('the column "answer" may contain', () => {
  it.each([
    ['JSON', '{"text": ["1843"], "answer_start": [13]}'],
    ['a list of texts', '["1843"]'],
    ['the annotations of Label Studio', '[{"start":13,"end":17,"text":"1843","labels":["Answer"]}]'],
  ])('%s', async (_, answer) => {
    const path = file('a.csv', `question,text,answer\nWhen?,Ada wrote in 1843,"${answer.replaceAll('"', '""')}"\n`)
    expect(answersOf(await readExamples(path))).toEqual(WHEN)
    const copy = await fixed(path)
    expect(readFileSync(copy, 'utf8')).toBe(
      'question,text,answer\n"When?","Ada wrote in 1843","{""text"":[""1843""],""answer_start"":[13]}"\n',
    )
    expect(answersOf(await readExamples(copy))).toEqual(WHEN)
  })

  it.each(["{'text': ['1843'], 'answer_start': [13]}", "['1843']"])('%s, for --fix', async (answer) => {
    const path = file('a.csv', `question,context,answer\nWhen?,Ada wrote in 1843,"${answer}"\n`)
    await expect(readExamples(path)).rejects.toThrow(/answer is in Python's notation/)
    expect(answersOf(await readExamples(await fixed(path)))).toEqual(WHEN)
  })

  it.each(['nan', 'None', 'N/A', 'no answer', '-'])('%s, which means no answer', async (answer) => {
    const path = file('a.csv', `question,context,answer\nWhen?,Ada wrote,${answer}\n`)
    await expect(readExamples(path)).rejects.toThrow(
      /does not occur in the context\n {2}If the context does not answer the question, leave the answer empty/,
    )
  })
})

describe('an invalid answer_start', () => {
  it.each(['-1', '13.5', 'x'])('%s is rejected, and corrected by --fix', async (start) => {
    const path = file('a.csv', `question,context,answer,answer_start\nWhen?,Ada wrote in 1843,1843,${start}\n`)
    await expect(readExamples(path)).rejects.toThrow(`answer_start is "${start}"; expected an integer of at least 0`)
    const { problems } = await checkFile(path, {})
    expect(problems.map(({ correction }) => correction)).toEqual(['position found by the text'])
    expect(answersOf(await readExamples(await fixed(path)))).toEqual(WHEN)
  })
})

describe('tables of LibreOffice and openpyxl', () => {
  const FIXED = [
    ['Who?', 'Ada', 0],
    ['How many?', '1.450', 36],
    ['When?', 'March 5, 2021', 16],
    ['Share?', '15 %', 50],
    ['Of what?', '“all”', 58],
  ]

  it.each([
    ['libreoffice.xlsx', 3],
    ['libreoffice-german.csv', 7],
    ['libreoffice-utf16.csv', 7],
  ])('%s, with a title, merged cells, formulas, dates and percentages, can be fixed', async (name, problems) => {
    const path = fixture(`workbooks/${name}`)
    const check = await checkFile(path, {})
    expect([check.problems.length, check.problems.every(({ correction }) => correction)]).toEqual([problems, true])
    expect(answersOf(await readExamples(await fixed(path)))).toEqual(FIXED)
    expect(answersOf(await readExamples(await fixed(path, 'fixed.xlsx')))).toEqual(FIXED)
  })

  it('are rejected if formulas have no stored results', async () => {
    const path = fixture('workbooks/formulas.xlsx')
    await expect(readExamples(path)).rejects.toThrow(
      'sheet Sheet, row 4: the formula =CONCATENATE("A","da") has no stored result\n  Open the workbook',
    )
    expect(answersOf(await readExamples(await fixed(path)))).toEqual(FIXED.slice(1))
  })

  it('are rejected if the first context is empty', async () => {
    const path = file('a.csv', 'question,context,answer\nWhen?,,1843\n')
    await expect(readExamples(path)).rejects.toThrow('the context is empty\n  Repeat the context')
    expect((await checkFile(path, {})).sound).toEqual([])
  })
})

describe('JSON of pandas', () => {
  const row = { question: 'When?', context: 'Ada wrote in 1843', answer: '1843' }
  it.each([
    ['split', { columns: Object.keys(row), index: [0], data: [Object.values(row)] }],
    ['index', { 0: row }],
    ['index with names', { first: row }],
    ['table', { schema: { fields: [] }, data: [{ index: 0, ...row }] }],
  ])('with orient %s is read', async (_, value) => {
    expect(answersOf(await readExamples(file('a.json', JSON.stringify(value))))).toEqual(WHEN)
  })
})

describe('rejects by name', () => {
  it.each([
    ['a web page', '\ufeff<!DOCTYPE html><html>'],
    ['a web page', '<table><tr><td>question</td></tr></table>'],
    ['an XML file', '<?xml version="1.0"?><Workbook/>'],
    ['a Rich Text document', '{\\rtf1 question, context'],
    ['a PDF file', '%PDF-1.7'],
    ['a bzip2 file', 'BZh91AY'],
    ['an xz file', Buffer.from('fd377a585a00', 'hex')],
    ['a Zstandard file', Buffer.from('28b52ffd00', 'hex')],
    ['a 7-Zip archive', Buffer.from('377abcaf271c', 'hex')],
    ['a Python pickle', Buffer.from('8004957d942e', 'hex')],
    ['a Git LFS pointer', 'version https://git-lfs.github.com/spec/v1\n'],
  ])('%s', async (kind, content) => {
    await expect(readExamples(file('a.csv', content))).rejects.toThrow(`found ${kind}, expected a data file`)
  })
})

describe('a malicious workbook', () => {
  const header = ['question', 'context', 'answer']
  const asked = ['When?', 'Ada wrote in 1843', '1843']

  it('is rejected for a suspicious compression ratio', () => {
    const entry = (packed: number, unpacked: number) => [
      { name: 'sheet1.xml', packed, unpacked, isStored: false, header: 0 },
    ]
    expect(() => checkUnpackedSize(entry(500_000, 500e6), 512e6, 'a.xlsx')).toThrow(
      'unpacks to 477 MB; the maximum is 48 MB',
    )
    checkUnpackedSize(entry(1e6, 90e6), 512e6, 'a.xlsx')
    checkUnpackedSize(entry(1000, 10e6), 512e6, 'a.xlsx')
  })

  it('is read in time proportional to its cells, not to the size of merged cells', async () => {
    const rows = [header, ...Array.from({ length: 1000 }, () => asked)]
    const merge = { startRow: 1, endRow: 1000, startCol: 2, endCol: 2 }
    const merges = [{ ...merge, startCol: 1, endRow: 2 }, ...new Array(50_000).fill(merge)]
    const path = file('a.xlsx', await writeXlsx({ sheets: [{ name: 'S', rows, merges }] }))
    const before = process.cpuUsage()
    expect(await readExamples(path)).toHaveLength(1000)
    const { user, system } = process.cpuUsage(before)
    expect((user + system) / 1e6).toBeLessThan(2)
  })

  itInFull('with 16,384 columns is read without the columns that are not part of a question', async () => {
    const names = [...header, ...Array.from({ length: 16_384 - header.length }, (_, i) => `Column ${i}`)]
    const rows = [names, ...Array.from({ length: 240 }, () => [...asked, ...new Array(names.length - 4), 'x'])]
    const path = file('a.xlsx', await writeXlsx({ sheets: [{ name: 'S', rows }] }))
    const before = process.cpuUsage()
    expect(await readExamples(path)).toHaveLength(240)
    const { user, system } = process.cpuUsage(before)
    expect((user + system) / 1e6).toBeLessThan(2)
    for await (const { source } of recordsOf(await openFile(path))) expect(Object.keys(source.values)).toEqual(header)
    const [{ source }] = await readSourceExamples(path)
    expect(Object.keys(source.values)).toEqual(names)
  })

  it.each([
    [
      'of far columns',
      '<c r="A2"/>',
      '<c r="XFD999"/>',
      /999 rows × 16,384 columns in .*sheet1\.xml; the maximum is 4,000,000/,
    ],
    ['of many cells', '<c r="A2"/>'.repeat(600_000), '', /more than 5\d\d,\d{3} XML tags in/],
  ])('is rejected before its cells are allocated: %s', async (_, first, last, message) => {
    const rows = `<row r="2">${first}</row><row r="999">${last}</row></sheetData>`
    const path = file('a.xlsx', await edited('xl/worksheets/sheet1.xml', (xml) => xml.replace('</sheetData>', rows)))
    await expect(readExamples(path)).rejects.toThrow(message)
  })

  it('is rejected if sheets share a part', async () => {
    const twice = (xml: string) => xml.replace(/<sheet .*?\/>/, '$&$&')
    await expect(readExamples(file('a.xlsx', await edited('xl/workbook.xml', twice)))).rejects.toThrow(
      /several sheets that share rId1/,
    )
  })

  it('is rejected if it has two possible central directories', async () => {
    const bytes = Buffer.from(await edited('xl/workbook.xml', (xml) => xml))
    bytes.writeUInt32LE(0xffffffff, bytes.lastIndexOf('PK\x05\x06') + 12)
    await expect(readExamples(file('a.xlsx', bytes))).rejects.toThrow(/central directory is corrupted/)
  })

  /** Returns a workbook with one question and one edited part. */
  async function edited(part: string, edit: (xml: string) => string): Promise<Uint8Array> {
    const bytes = await writeXlsx({ sheets: [{ name: 'S', rows: [header, asked] }] })
    const entries = zipEntries(bytes, 'a.xlsx').map((entry) => {
      const content = unpackEntry(bytes, entry, 'a.xlsx')
      return {
        name: entry.name,
        content: entry.name === part ? Buffer.from(edit(Buffer.from(content).toString())) : content,
      }
    })
    return zipOf(entries)
  }

  it('keeps its row numbers across unused rows', async () => {
    const rows = [header, ...new Array(5000).fill([]), asked, ['Who?', 'Ada wrote in 1843', 'Bob']]
    const path = file('a.xlsx', await writeXlsx({ sheets: [{ name: 'S', rows }] }))
    await expect(readExamples(path)).rejects.toThrow('sheet S, row 5003')
  })
})
