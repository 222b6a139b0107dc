import { expect, test } from 'vitest'
import { alignedSlice } from '../characters/aligned-text.ts'
import { BertNormalizer } from './bert-normalizer.ts'

const normalizer = new BertNormalizer({
  clean_text: true,
  handle_chinese_chars: true,
  strip_accents: null,
  lowercase: true,
})

/** Offsets as the tokenizers library 0.22 gives them for these texts. */
test.each([
  ['a spacing mark before an accent of a higher class', '`\u0344\u302e', '`\u302e', [0, 1]],
  ['a mark newer than the tables of the library', ']\u{1e017}\u031c', ']\u{1e017}', [0, 3, 3]],
  ['an accent alone', 'e\u0301\u302e', 'e\u302e', [0, 1]],
])('a mark that NFD moves comes from the place where it was put: %s', (_name, text, expected, starts) => {
  const normalized = normalizer.normalize(alignedSlice(text, 0, text.length))
  expect(normalized.text).toBe(expected)
  expect(Array.from(normalized.starts)).toEqual(starts)
})
