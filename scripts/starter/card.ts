import { toYaml } from '../../src/hub/push/yaml.ts'
import type { ModelEvaluation } from '../../src/runs/evaluate/evaluate-model.ts'
import type { TrainingArgumentsInput } from '../../src/training/arguments/arguments.ts'
import type { ReadSource } from './sources.ts'

export interface BaseModel {
  readonly name: string
  readonly license: string
  readonly sha256: string
}

/** A part of the data, with the digest of its questions. */
export interface CardPart {
  readonly name: string
  readonly questions: number
  readonly digest: string
}

export interface StarterCard {
  readonly base: BaseModel
  readonly sources: readonly ReadSource[]
  /** SHA-256 of all data files, by their names. */
  readonly digests: Readonly<Record<string, string>>
  readonly parts: readonly CardPart[]
  readonly recipe: string
  readonly arguments: TrainingArgumentsInput
  /** Evaluations of the exported model for the final table, if they were made. */
  readonly results: readonly ModelEvaluation[]
}

/** The model card of the starter model, to which the export adds a section about its files. */
export function starterCard(card: StarterCard): string {
  const { base, sources, digests, parts, recipe, results } = card
  const metadata = {
    language: 'en',
    pipeline_tag: 'question-answering',
    library_name: 'transformers.js',
    base_model: base.name,
    datasets: sources.filter(({ trained }) => trained).map(({ facts }) => facts.hub.name),
    license: 'other',
    license_name: 'see-model-card',
    license_link: 'README.md#licenses',
    tags: ['question-answering', 'extractive-qa', 'onnx', 'spanforge'],
  }
  const blocks = [
    `---\n${toYaml(metadata)}---`,
    '# The starter model of spanforge',
    `${base.name}, fine-tuned for extractive question answering: it finds the answer to an English question in a text. ` +
      '`scripts/starter-model.ts` of spanforge made it.',
    'It is for trying extractive question answering before you have a model of your own: `spanforge serve starter` opens a page ' +
      'to ask questions on. Every answer is copied from the text. Every training question had an answer in its text, so the ' +
      'model also gives a wrong answer where the text has none. It has seen paragraphs of Wikipedia; expect less on ' +
      'other kinds of text, and nothing useful in other languages. Check an answer before you rely on it.',
    ...(results.length > 0 ? ['## Results', resultTable(results)] : []),
    '## Training',
    `Recipe \`${recipe}\`, with these arguments:`,
    table(['argument', 'value'], shownArguments(card.arguments)),
    '## Data',
    table(
      ['part', 'questions', 'SHA-256 of the questions'],
      parts.map(({ name, questions, digest }) => [name, questions.toLocaleString('en-US'), `\`${digest}\``]),
    ),
    'No context of train or dev, nor one that shares 13 consecutive words with it, is in another part. Training and export were ' +
      'evaluated on dev. The other parts were used neither for training nor for choosing the recipe.',
    table(
      ['file', 'SHA-256'],
      Object.entries(digests).map(([file, digest]) => [file, `\`${digest}\``]),
    ),
    '## Licenses',
    [
      `- **${base.name}**: ${base.license}. Others trained it, on data with its own terms. SHA-256 of its weights: \`${base.sha256}\`.`,
      ...sources.map(
        ({ facts, trained, origin }) =>
          `- **${facts.title}** (${origin}; ${trained ? 'for training' : 'for evaluation only'}): ` +
          `[${facts.license}](${licenseAddress(facts.license)}). ${facts.attribution}`,
      ),
    ].join('\n'),
    'This card makes no statement about whether the share-alike terms of these data sets apply to the weights.',
  ]
  return `${blocks.join('\n\n')}\n`
}

/** "CC BY-SA 4.0" -> https://creativecommons.org/licenses/by-sa/4.0/ */
const licenseAddress = (license: string): string =>
  `https://creativecommons.org/licenses/${license.replace('CC ', '').toLowerCase().replace(' ', '/')}/`

const resultTable = (results: readonly ModelEvaluation[]): string =>
  table(
    ['data', 'questions', 'exact match (95 %)', 'F1 (95 %)'],
    results.map((result) => [
      result.data,
      result.examples.toLocaleString('en-US'),
      withInterval(result.exact_match, result.exact_match_interval),
      withInterval(result.f1, result.f1_interval),
    ]),
  )

const withInterval = (value: number, [low, high]: readonly number[]): string =>
  `${value.toFixed(1)} (${low.toFixed(1)} to ${high.toFixed(1)})`

const shownArguments = (args: TrainingArgumentsInput): string[][] =>
  Object.entries(args).map(([name, value]) => [`\`${name}\``, `\`${JSON.stringify(value)}\``])

const table = (titles: readonly string[], rows: readonly (readonly string[])[]): string =>
  [titles, titles.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
