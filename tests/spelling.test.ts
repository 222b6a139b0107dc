import { expect, test } from 'vitest'
import { files, read } from './source-tree.ts'

/** British spellings, by their different endings. */
const BRITISH = new RegExp(
  `^(${[
    '(behavi|col|endeav|fav|flav|hon|hum|lab|neighb|rum|vig)our[a-z]*',
    '(cancel|channel|dial|journal|label|level|marshal|model|signal|total|travel|tunnel)l(ed|er|ers|ing)',
    '(author|capital|categor|character|custom|emphas|final|general|initial|maxim|minim|normal|optim|organ|' +
      'parallel|penal|quant|random|real|recogn|reinitial|serial|special|stabil|standard|summar|symbol|synchron|token|' +
      'util|vector|visual)is(e|ed|er|ers|es|ing|ation|ations)',
    '(analys|catalys|paralys)(e|ed|er|ers|ing)',
    '(cent|fib|lit|met|theat)re[ds]?',
    '(def|lic|off|pret)ences?',
    '(acknowledge|judge)ments?',
    '(artefact|cheque|programme|tyre)s?',
    '(amongst|burnt|dreamt|fulfil|grey|learnt|misspelt|mould|plough|skilful|spelt|towards|whilst)',
  ].join('|')})$`,
  'i',
)

/** Data, sentences made by a grammar, pages that name old exports, and this file. */
const NOT_CHECKED = [
  /^(tests\/fixtures|src\/synthetic|starter)\//,
  /^(CHANGELOG\.md|docs\/api\.md|src\/cloze\/words\.ts|tests\/spelling\.test\.ts)$/,
]

/** Deprecated exports, and a field of Label Studio. */
const ALLOWED = /\banalyze as analyse\b|\bLabelledWindow\b|\bwas_cancelled\b/g

test('texts and names have American spelling', () => {
  const checked = files.filter(
    (path) => /\.(tsx?|mjs|js|py|css|html|md|ya?ml)$/.test(path) && !NOT_CHECKED.some((kind) => kind.test(path)),
  )
  expect(checked.length).toBeGreaterThan(1000)
  const found = checked.flatMap((path) => {
    const words =
      read(path)
        .replaceAll(ALLOWED, '')
        .match(/[A-Za-z][a-z]+/g) ?? []
    const british = new Set(words.filter((word) => BRITISH.test(word)))
    return british.size > 0 ? [`${path}: ${[...british].join(', ')}`] : []
  })
  expect(found).toEqual([])
})
