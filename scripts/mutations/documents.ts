/** Mutations of the index, of annotation, of the question log and of limits on documents. */
import { type Mutation, mutations } from './mutation.ts'

const index = mutations('src/search/passages.test.ts', 'src/runs/index/build-index.test.ts')
const annotation = mutations('src/annotate/project/project.test.ts', 'src/annotate/import/import.test.ts')
const documents = mutations('src/documents/document-reader.test.ts')

export const DOCUMENT_MUTATIONS: readonly Mutation[] = [
  ...index('src/search/passages.ts', [
    'pages.push([block.start + offset - start, page])',
    'pages.push([block.start + offset, page])',
  ]),
  ...index('src/search/passage-search.ts', ['words[doc - 1]', 'words[doc]']),
  ...index('src/search/index-writer.ts', [
    'if (before) this.removePassages(before.id)',
    'if (before && problem) this.removePassages(before.id)',
  ]),
  ...index('src/runs/index/build-index.ts', [
    'one?.bytes === file.bytes && one.modified === file.modified && one.name',
    'one?.bytes === file.bytes && one.name',
  ]),
  ...mutations('src/search/sources.test.ts')('src/search/sources.ts', [
    'pages.findLast(([start])',
    'pages.find(([start])',
  ]),
  ...mutations('src/runs/export/site-index.test.ts')('src/search/published-copy.ts', [
    "delete from facts where name in ('sources', 'limits');",
    '',
  ]),
  ...annotation('src/annotate/project/labels.ts', [
    'b.answers.some((answer) => keys',
    'b.answers.every((answer) => keys',
  ]),
  ...annotation('src/annotate/project/state.ts', [
    '{ answers, at, suggestion, outcome })\n        question.decided = undefined',
    '{ answers, at, suggestion, outcome })',
  ]),
  ...annotation('src/annotate/import/marked-texts.ts', ['from + marked.length - marked.trimStart().length', 'from']),
  ...annotation('src/annotate/import/import.ts', ['if (!isCorrected || !answers ||', 'if (isCorrected || !answers ||']),
  ...mutations('tests/full-disk.test.ts')('src/annotate/project/journal.ts', [
    'this.bytes += bytes.length',
    'this.bytes = bytes.length',
  ]),
  ...documents('src/documents/formats/docx.ts', ['size += originalSize', 'size = originalSize']),
  ...documents('src/documents/formats/pdf.ts', ['if (pages > max_pages)', 'if (pages >= max_pages)']),
  ...documents('src/documents/document.ts', ['if (start + text.length > this.max)', 'if (text.length > this.max)']),
  ...mutations('src/data/formats/spreadsheets.test.ts')('src/data/formats/zip-directory.ts', [
    'Math.min(limit, Math.max(SMALL',
    'Math.max(limit, Math.max(SMALL',
  ]),
  ...mutations('src/server/question-log/log-file.test.ts')('src/server/question-log/log-file.ts', [
    'if (knownContent(about) === contentOf(about)) continue',
    'if (knownContent(about) !== undefined) continue',
  ]),
]
