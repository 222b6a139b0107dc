import { expect, it } from 'vitest'
import { questionWord } from './dimensions.ts'

it.each([
  ['Who wrote it?', 'who'],
  ['To whom was it sent?', 'who'],
  ['Whose house is it?', 'who'],
  ["What's the name?", 'what'],
  ['In what year did they win?', 'what'],
  ['Since WHEN?', 'when'],
  ['Along with coal, which fuels burn?', 'which'],
  ['Why?', 'why'],
  ['How many people died?', 'how many'],
  ['How  much is it?', 'how much'],
  ['How did they do it?', 'how'],
  ['Somehow they won: name the team', 'other'],
  ['Whatever happened?', 'other'],
  ['', 'other'],
])('%s asks with %s', (question, word) => {
  expect(questionWord(question)).toBe(word)
})
