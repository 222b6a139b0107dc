import { expect, test } from 'vitest'
import { isPythonNotation, parsePython } from './python-literal.ts'

test.each<[string, unknown]>([
  [`{'text': ['Ada'], 'answer_start': [0]}`, { text: ['Ada'], answer_start: [0] }],
  [
    `{'text': array(['a', "b's"], dtype=object), 'answer_start': array([ 0, 31], dtype=int32)}`,
    { text: ['a', "b's"], answer_start: [0, 31] },
  ],
  [`{'text': array([], dtype=object), 'answer_start': array([], dtype=int64)}`, { text: [], answer_start: [] }],
  [`['it\\'s \\n \\u00e9 \\xe9 \\U0001f600 \\d']`, ["it's \n é é 😀 \\d"]],
  ['(1, 2.5, -3, None, True, False, nan)', [1, 2.5, -3, null, true, false, null]],
  ['{}', {}],
])('%s', (text, value) => {
  expect(parsePython(text)).toEqual(value)
})

test.each(["{'a': }", "{'a'", '[1, 2', "['a' 'b']", 'open("x")', "{'a': 1} x", `${'['.repeat(10_000)}`])(
  '%s is not a Python literal',
  (text) => {
    expect(parsePython(text)).toBeUndefined()
  },
)

test('JSON and plain text are not recognized as Python literals', () => {
  expect(['{"text": ["a"], "answer_start": [0]}', 'Ada', "Ada's {'x'}", '1843'].map(isPythonNotation)).toEqual([
    false,
    false,
    false,
    false,
  ])
  expect([`{'text': ['a']}`, `{"text": array(['a'])}`, `[{'text': 'a'}]`].map(isPythonNotation)).toEqual([
    true,
    true,
    true,
  ])
})
