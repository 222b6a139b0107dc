import { existsSync, readdirSync } from 'node:fs'
import { extname, join } from 'node:path'
import { expect, it } from 'vitest'
import { runHere } from '../../tests/run-here.ts'
import { describeShared, shared } from '../../tests/shared.ts'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { readExamples } from '../data/read-examples.ts'
import type { Example } from '../squad/types.ts'

interface Expected {
  /** Answer texts of each question, as read by `train` or, if that rejects the file, as written by `--fix`. */
  readonly answers?: readonly (readonly string[])[]
  /** The error of `train` if it rejects the file. */
  readonly rejected?: RegExp
}

const read = (...answers: string[][]): Expected => ({ answers })
const corrected = (rejected: RegExp, ...answers: string[][]): Expected => ({ answers, rejected })
const rejected = (rejected: RegExp): Expected => ({ rejected })

const FIVE = read(['Ada'], ['1843'], ['the first program'], ['Berlin'], ['Bob'])

const EXPECTED: Readonly<Record<string, Expected>> = {
  '01-csv-quoted-newline.csv': read(['signed "it"']),
  '02-csv-bom.csv': read(['Ada']),
  '03-csv-pyrepr.csv': corrected(/answers is in Python's notation, .*; expected JSON/, ['Ada']),
  '04-csv-numpyrepr.csv': corrected(/answers is in Python's notation, .*; expected JSON/, ['Ada']),
  '05-jsonl-flat.jsonl': read(['Ada']),
  '06-jsonl-u2028.jsonl': read(['wrote']),
  '07-json-numid.json': read(['Ada'], ['1843']),
  '08-impossible-plausible.json': read([], ['1843']),
  '09-floatstart.jsonl': read(['Ada']),
  '10-strstart.jsonl': read(['1843']),
  '11-scalaranswers.jsonl': read(['1843']),
  '12-offbyone.jsonl': corrected(/answer "1843" is not at character 30 .*\n.*It is at character 31/, ['1843']),
  '13-trailspace.jsonl': read(['1843 ']),
  '14-emptyans.jsonl': rejected(/its answer is empty/),
  '15-minus1.jsonl': read([]),
  '16-dup.jsonl': corrected(/another question has the same id/, ['1843'], ['1843']),
  '17-list.json': read(['1843']),
  '18-nested-text.json': read(['1843']),
  '19-hf-viewer.json': read(['1843']),
  '20-nan.jsonl': rejected(/NaN and Infinity are not JSON .*\n.*Use null/),
  '21-crlf.jsonl': read(['1843']),
  '22-crlfctx.json': read(['1843']),
  '23-bom.json': read(['1843']),
  '24-bomctx.jsonl': read(['1843']),
  '25-dpr.json': rejected(/the row has no context; found question, answers, positive_ctxs/),
  '26-semicolon.csv': read(['1843']),
  '27-csv-colcase.csv': read(['1843']),
  '28-csv-startfloat.csv': read(['1843']),
  '29-csv-idnone.csv': read(['1843'], ['Ada']),
  '30-null-answers.jsonl': read([]),
  '31-noanswerkey.jsonl': rejected(/the line has no answer; found id, question, context/),
  '32-latin1.csv': rejected(/line 2 contains the byte 0xE9 at offset 38, which would be "é" in Windows-1252/),
  '33-utf16.csv': read(['1843']),
  '34-emoji.jsonl': read(['1843']),
  '35-answerlist.jsonl': read(['1843']),
  '36-answerslistdict.jsonl': read(['1843']),
  '37-prettyjson.json': read(['1843']),
  '38-answerend.jsonl': read(['1843']),
  '39-tsv-quotes.tsv': read(['1843'], ['Ada']),
  '40-haystack.json': read(['250k to 15m ']),
  '41-arcd.json': corrected(/is not at character 0 .*\n.*It is at character 20/, ['هو نادٍ رياضيّ، ثقافيّ']),
  '42-nfd.json': corrected(
    /is not at character 12 .*\n.*It is at character 13, in another Unicode normalization form/,
    ['München'],
  ),
  '43-case.json': corrected(/Did you mean "New {2}York\\nTimes", at character 4\?/, ['New  York\nTimes']),
  '44-st.json': read(['Ada'], []),
  '45-mrqa.json': read(['Ada', 'Ada']),
  '60-pandas-cols.json': FIVE,
  '61-columns-lists.json': FIVE,
  '62-train-key.json': FIVE,
}

/** Returns the answer texts after checking that each answer is at its `answer_start`. */
function textsOf(examples: readonly Example[]): string[][] {
  for (const { context, answers } of examples)
    for (const { text, answer_start } of answers) expect(context.startsWith(text, answer_start)).toBe(true)
  return examples.map(({ answers }) => answers.map(({ text }) => text))
}

describeShared('small real-world data files', () => {
  it('are all covered', () => {
    const names = readdirSync(shared('inputs')).filter((name) => name !== 'README.md')
    expect(Object.keys(EXPECTED).sort()).toEqual(names.sort())
  })

  it.each(Object.entries(EXPECTED))('%s is read or rejected, and corrected', async (name, { answers, rejected }) => {
    const path = shared(`inputs/${name}`)
    if (rejected) await expect(readExamples(path)).rejects.toThrow(rejected)
    else expect(textsOf(await readExamples(path))).toEqual(answers)

    const copy = join(temporaryFolder(), `fixed${extname(name)}`)
    const { code, stdout } = await runHere('data', 'check', path, '--fix', copy)
    expect(code).toBe(answers ? 0 : 1)
    expect(existsSync(copy)).toBe(answers !== undefined)
    expect(/^Problems: none$/m.test(stdout)).toBe(rejected === undefined)
    if (answers) expect(textsOf(await readExamples(copy))).toEqual(answers)
  })
})
