import { type FileCheck, type Finding, type FindingKind, LEFT_OUT } from '../../../data/checks/check-file.ts'
import type { Fixed } from '../../../data/checks/fix-file.ts'
import type { Lengths } from '../../../data/checks/lengths.ts'
import { count, counted } from '../../../report/render/format.ts'

/** Maximum number of findings shown per kind. */
const SHOWN = 3

const KINDS: Readonly<Record<FindingKind, string>> = {
  unreadable: 'cannot be read',
  cut_off: 'truncated',
  layout: 'missing fields and fields of the wrong type',
  python_notation: "answers in Python's notation, not JSON",
  duplicate_id: 'duplicate ids',
  empty_answer: 'empty answers',
  ambiguous_answer: 'answers that occur several times, without answer_start',
  misaligned: 'answers not found in the context or not at answer_start',
  utf16_offset: 'answers whose answer_start counts UTF-16 units, not code points',
  byte_offset: 'answers whose answer_start counts bytes, not code points',
  leak: 'contexts shared with the validation file (leaks)',
  question_too_long: 'questions that leave no room for the context',
  repeated_question: 'repeated questions on the same context',
  other_answers: 'repeated questions on the same context with different answers',
  odd_answer: 'suspicious answers: they start or end within a word or with whitespace',
  empty_question: 'empty questions',
  empty_context: 'empty contexts',
  no_window: 'answers that do not fit into any window',
}

/** Problems because of which the readers skip a question. */
const UNREAD: readonly FindingKind[] = ['layout', 'misaligned', 'empty_answer', 'empty_question']

/** Minimum number of texts for a histogram of their lengths. */
const MIN_TEXTS_FOR_BINS = 20

/** Formats the findings of a check. */
export function formatCheck(check: FileCheck): string {
  const { file, questions, contexts, articles, answers, unanswered, problems, notes, lengths, windows } = check
  const unread = problems.filter(({ kind, correction }) => UNREAD.includes(kind) && correction === LEFT_OUT).length
  const counts = [
    counted(questions, 'question'),
    counted(contexts, 'context'),
    ...(articles ? [counted(articles, 'article')] : []),
    counted(answers, 'answer'),
    ...(unanswered ? [`${counted(unanswered, 'question')} without answers`] : []),
    ...(unread ? [`${counted(unread, 'question')} more that could not be read`] : []),
  ]
  return [
    `${file}: ${counts.join(', ')}`,
    ...(questions
      ? [
          ...lengthLines('Context length in words', lengths.context),
          `\nQuestions: ${spread(lengths.question)} words; answers: ${spread(lengths.answer)} words`,
        ]
      : []),
    ...(windows ? lengthLines('Window length in tokens', windows.lengths) : []),
    ...(windows ? [`\nWindows: ${count(windows.windows)}, tokens: ${count(windows.tokens)}`] : []),
    ...findingLines('Problems', problems),
    ...findingLines('Notes', notes),
  ].join('\n')
}

/** Maximum number of corrections shown. */
const CORRECTIONS_SHOWN = 10

/** Summarizes a corrected copy and lists its corrections. */
export function fixedText({ problems }: FileCheck, { file, questions, repeated }: Fixed): string {
  const corrected = problems.filter((problem) => problem.correction)
  const leftOut = corrected.filter((problem) => problem.correction === LEFT_OUT).length
  const parts = [
    `${count(corrected.length - leftOut)} corrected`,
    ...(leftOut ? [`${count(leftOut)} left out`] : []),
    ...(repeated ? [`${count(repeated)} duplicates removed`] : []),
  ]
  const rest = corrected.length - CORRECTIONS_SHOWN
  return [
    `${file}: ${counted(questions, 'question')} written; ${parts.join(', ')}`,
    ...corrected
      .slice(0, CORRECTIONS_SHOWN)
      .map(({ message, correction }) => `  ${message.split('\n', 1)[0]}: ${correction}`),
    ...(rest > 0 ? [`  and ${count(rest)} more (--json shows all)`] : []),
  ].join('\n')
}

const spread = ({ median, p95, longest }: Lengths): string =>
  `median ${count(median)}, 95 % up to ${count(p95)}, longest ${count(longest)}`

function lengthLines(title: string, lengths: Lengths): string[] {
  const { bins, width, longest } = lengths
  const largest = Math.max(1, ...bins)
  const ends = bins.map((_, k) => (k === bins.length - 1 ? longest : (k + 1) * width - 1))
  const digits = count(longest).length
  const total = bins.reduce((sum, n) => sum + n, 0)
  const shortest = bins.findIndex((n) => n > 0)
  const lines = (total > MIN_TEXTS_FOR_BINS ? bins : []).map((n, k) => {
    const range = `${count(k * width).padStart(digits)} - ${count(ends[k]).padStart(digits)}`
    return `  ${range}  ${'█'.repeat(Math.ceil((40 * n) / largest))} ${count(n)}`
  })
  return [`\n${title}: ${spread(lengths)}`, ...lines.slice(shortest)]
}

function findingLines(title: string, findings: readonly Finding[]): string[] {
  const kinds = [...new Set(findings.map(({ kind }) => kind))]
  const lines = kinds.flatMap((kind) => {
    const found = findings.filter((finding) => finding.kind === kind)
    const rest = found.length - SHOWN
    return [
      `  ${KINDS[kind]}: ${count(found.length)}`,
      ...found.slice(0, SHOWN).map(({ message }) => `    ${message.replaceAll('\n', '\n    ')}`),
      ...(rest > 0 ? [`    and ${count(rest)} more (--json shows all)`] : []),
    ]
  })
  return [`\n${title}: ${findings.length ? count(findings.length) : 'none'}`, ...lines]
}
