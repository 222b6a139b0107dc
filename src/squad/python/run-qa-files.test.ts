import { expect, test } from 'vitest'
import { runQaFiles } from './run-qa-files.ts'

test('numbers are written like floats in Python', () => {
  const numbers = [0, -0, 1, -2.5, 1e-4, 9.999e-5, 3.983604983659461e-5, 1e15, 1e16, 1.5e22, 5e-324, 1e100]
  const null_odds = new Map(numbers.map((x, i) => [`q${i}`, x]))
  const written = runQaFiles({ predictions: new Map(), nbest_predictions: new Map(), null_odds })['null_odds.json']
  expect(written.match(/(?<=: )[^,\n]+/g)).toEqual(
    // python3 -c "import json; print(json.dumps([...]))"
    [
      '0.0',
      '-0.0',
      '1.0',
      '-2.5',
      '0.0001',
      '9.999e-05',
      '3.983604983659461e-05',
      '1000000000000000.0',
      '1e+16',
      '1.5e+22',
      '5e-324',
      '1e+100',
    ],
  )
})

test('strings are written in ASCII, with two escapes outside the BMP', () => {
  const predictions = new Map([['q', 'é 😀 "\\\n\t\u007f\u2028/']])
  const written = runQaFiles({ predictions, nbest_predictions: new Map() })
  expect(written['predictions.json']).toBe('{\n    "q": "\\u00e9 \\ud83d\\ude00 \\"\\\\\\n\\t\\u007f\\u2028/"\n}\n')
  expect(written['nbest_predictions.json']).toBe('{}\n')
})

test('questions keep their order even if their ids look like numbers', () => {
  const predictions = new Map([
    ['10', 'a'],
    ['9', 'b'],
  ])
  expect(runQaFiles({ predictions, nbest_predictions: new Map() })['predictions.json']).toBe(
    '{\n    "10": "a",\n    "9": "b"\n}\n',
  )
})
