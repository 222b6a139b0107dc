import { expect, test } from 'vitest'
import { Bpe, type BpeModel } from './bpe.ts'

const SETTINGS: Omit<BpeModel, 'merges'> = {
  type: 'BPE',
  unk_token: null,
  continuing_subword_prefix: null,
  end_of_word_suffix: null,
  fuse_unk: false,
  byte_fallback: false,
  ignore_merges: false,
}

type Pair = readonly [string, string]

const LETTERS = ['a', 'b', 'c']

/** Numbers from a linear congruential generator, the same in every run. */
function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** As the algorithm is defined: the first of the merges with the lowest rank, again and again. */
function mergedOneByOne(word: string, merges: readonly Pair[]): string[] {
  const tokens = [...word]
  for (;;) {
    const ranks = tokens.slice(1).map((token, i) => merges.findLastIndex(([a, b]) => a === tokens[i] && b === token))
    const possible = ranks.filter((rank) => rank >= 0)
    if (possible.length === 0) return tokens
    const at = ranks.indexOf(Math.min(...possible))
    tokens.splice(at, 2, tokens[at] + tokens[at + 1])
  }
}

/** Merges that BPE could have learned, of tokens made before, or any merges at all. */
function randomMerges(random: (below: number) => number, areLearned: boolean): Pair[] {
  const merges: Pair[] = []
  const tokens = [...LETTERS]
  for (let i = 0; i < 12; i++) {
    const [first, second] = [tokens[random(tokens.length)], tokens[random(tokens.length)]]
    const isNew = !tokens.includes(first + second)
    if (areLearned && !isNew) continue
    merges.push([first, second])
    if (isNew) tokens.push(first + second)
  }
  return areLearned ? merges : merges.sort(() => random(3) - 1)
}

function bpe(merges: readonly Pair[]): { tokenize(word: string): string[] } {
  const tokens = [...new Set([...LETTERS, ...merges.map((pair) => pair.join(''))])]
  const model = new Bpe(new Map(tokens.map((token, id) => [token, id])), { ...SETTINGS, merges })
  return { tokenize: (word) => Array.from(model.pieces(word).ids, (id) => tokens[id]) }
}

test.each([
  ['learned', true],
  ['any', false],
])('merges words as the definition says, also those that are tokens themselves: %s merges', (_, areLearned) => {
  const random = numbers(7)
  for (let round = 0; round < 300; round++) {
    const merges = randomMerges(random, areLearned)
    const { tokenize } = bpe(merges)
    const words = Array.from({ length: 10 }, () =>
      Array.from({ length: 1 + random(8) }, () => LETTERS[random(3)]).join(''),
    )
    for (const word of [...merges.map((pair) => pair.join('')), ...words])
      expect(tokenize(word), `${word} with ${merges.join(' ')}`).toEqual(mergedOneByOne(word, merges))
  }
})

test('a word that is a token is cut where an earlier merge joins other characters of it', () => {
  const { tokenize } = bpe([
    ['b', 'c'],
    ['a', 'b'],
    ['ab', 'c'],
  ])
  expect(tokenize('abc')).toEqual(['a', 'bc'])
  expect(tokenize('ab')).toEqual(['ab'])
})

test('a word of equal characters is merged from the left', () => {
  const { tokenize } = bpe([
    ['a', 'a'],
    ['a', 'aa'],
    ['aa', 'aa'],
  ])
  expect(tokenize('aaa')).toEqual(['aa', 'a'])
  expect(tokenize('aaaa')).toEqual(['aaaa'])
})
