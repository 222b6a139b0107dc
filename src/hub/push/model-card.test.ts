import { expect, it } from 'vitest'
import { NOTEBOOK_CARD } from '../../../tests/model-card-summary.ts'
import { modelCard } from './model-card.ts'
import { toYaml } from './yaml.ts'

const card = modelCard(NOTEBOOK_CARD)

it('starts with the metadata that the hub reads', () => {
  expect(card.slice(0, card.indexOf('---', 4))).toBe(`---
language: en
license: apache-2.0
library_name: transformers
pipeline_tag: question-answering
tags:
- question-answering
- extractive-qa
- bert
- spanforge
base_model: bert-base-uncased
datasets:
- squad
metrics:
- exact_match
- f1
model-index:
- name: "bert-squad: \\"3,000\\""
  results:
  - task:
      type: question-answering
      name: Question Answering
    dataset:
      name: squad
      type: squad
      config: plain_text
      split: validation
    metrics:
    - type: exact_match
      value: 61.2
      name: Exact match
    - type: f1
      value: 74.1812
      name: F1
    - type: loss
      value: 1.6476
      name: Validation loss
`)
})

it('reports scores with intervals, epochs with the best one marked, data, arguments and usage', () => {
  for (const line of [
    '| Exact match | 61.20 | 56.8 to 65.4 |',
    '| F1 | 74.18 | 70.5 to 77.6 |',
    '| 1 (kept) | 193 | 1.1314 | 1.6476 | 61.20 | 74.18 |',
    '| 3 | 579 | 0.4221 | 1.8659 |  |  |',
    '| training | squad | train | 3000 | 3074 |  |',
    '| `learning_rate` | 0.00003 |',
    '| `run_name` | a\\|b |',
    '![Learning curve](learning%20curve.png)',
    'answer = pipeline("question-answering", model="ann/bert-squad")',
    'License: apache-2.0, the same as bert-base-uncased. The license of the training data also applies.',
  ])
    expect(card).toContain(line)
})

it('shows transformers.js only if there is an ONNX file, and no package that is not on npm', () => {
  expect(card).not.toMatch(/transformers\.js|npx|npm|from 'spanforge'/)
  const withOnnx = modelCard({ ...NOTEBOOK_CARD, has_onnx: true })
  expect(withOnnx).toContain("const answerer = await pipeline('question-answering', 'ann/bert-squad')")
  expect(withOnnx).toContain('- transformers.js\n')
})

it('escapes names in Markdown and metadata', () => {
  const evil = 'a\n---\nlicense: mit\n# [x](http://evil) <img src=x>| `b` \u202e\u0000 \u0085 \ud800"; $(rm)'
  const data = { ...NOTEBOOK_CARD.train, name: evil, hub_name: evil, license: evil, config: evil }
  const text = modelCard({
    ...NOTEBOOK_CARD,
    name: evil,
    repository: undefined,
    base_model: { name: evil, on_hub: true },
    license: evil,
    license_link: evil,
    language: evil,
    train: data,
    validation: data,
    arguments: { run_name: evil },
  })
  expect(text.split('\n---\n')).toHaveLength(2)
  expect(text).not.toMatch(/[^\P{C}\n]/u)
  expect(text).not.toMatch(/^license: mit|^base_model:/m)
  const [metadata, body] = text.split('\n---\n')
  const unescaped = body.replaceAll(/\\./g, '')
  expect(unescaped).not.toMatch(/\]\(http:\/\/evil|<img|`b`/)
  expect(text).toContain('OWNER/a-license-mit-x-http-evil-img-src-x-b-rm')
  const keys = 'language license license_link library_name pipeline_tag tags datasets metrics model-index'
  expect(metadata.match(/^\w[\w-]*(?=:)/gm)).toEqual(keys.split(' '))
})

it('omits unknown facts for a local base model and a run without evaluation', () => {
  const bare = modelCard({
    ...NOTEBOOK_CARD,
    base_model: { name: 'my-bert', on_hub: false },
    license: undefined,
    train: { name: 'train.json', questions: 10, windows: 10 },
    validation: undefined,
    results: undefined,
    epochs: [],
  })
  expect(bare).not.toMatch(/base_model:|datasets:|model-index:|license:|### Epochs/)
  expect(bare).toContain('This model has not been evaluated.')
  expect(bare).toContain('License: not stated. The licenses of my-bert and train.json apply')
})

it('quotes ambiguous strings in YAML', () => {
  expect(toYaml({ a: 'no', b: '1.0', c: 'x: y', d: '- e', f: '', g: 'plain text', h: [], i: { j: [[1, true]] } })).toBe(
    'a: "no"\nb: "1.0"\nc: "x: y"\nd: "- e"\nf: ""\ng: plain text\nh: []\ni:\n  j:\n  - - 1\n    - true\n',
  )
})
