import { SpanforgeError } from '../errors.ts'

/** Number of bytes at the beginning of a file that are inspected. */
export const IMPOSTOR_BYTES = 256

interface Impostor {
  /** Matches the beginning, decoded as UTF-8, or as Latin-1 if the file should be binary. */
  readonly begins: RegExp
  readonly what: string
  readonly remedy: string
}

const AGAIN = 'Download or copy the file again.'

const ANYWHERE: readonly Impostor[] = [
  {
    begins: /^version https:\/\/git-lfs/,
    what: 'a Git LFS pointer, expected the file that it points to',
    remedy: 'Run "git lfs pull" in the clone, or download the model by its name: spanforge download NAME.',
  },
  {
    begins: /^(\ufeff|ï»¿)?\s*(<!--[\s\S]*?-->\s*)*<(!doctype html|html)\b/i,
    what: 'a web page (HTML), expected the file itself',
    remedy: 'Use the download link of the file (/resolve/, not /blob/), or spanforge download NAME.',
  },
  {
    begins: /^(\ufeff|ï»¿)?\s*<\?xml\b/i,
    what: 'an XML document, such as a server error message; expected the file itself',
    remedy: AGAIN,
  },
  {
    begins:
      /^\s*(entry not found|not found|invalid username or password|repository not found|access to model\b.*)\s*$/i,
    what: 'a server error message, expected the file itself',
    remedy: AGAIN,
  },
]

/** These do not apply to binary files, which may start in the same way. */
const INSTEAD_OF_TEXT: readonly Impostor[] = [
  { begins: /^$/, what: 'an empty file', remedy: AGAIN },
  { begins: /^\p{Cc}+$/u, what: 'only control characters', remedy: AGAIN },
  { begins: /^(\ufffd{2}|\0?[^\0]\0)/, what: 'text in UTF-16, expected UTF-8', remedy: 'Save the file as UTF-8.' },
  {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what gzip begins with
    begins: /^\x1f\ufffd\x08/,
    what: 'a gzip archive, expected the uncompressed file',
    remedy: 'Decompress it with gunzip.',
  },
  {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what zip begins with
    begins: /^PK\x03\x04/,
    what: 'a zip archive, expected the extracted file',
    remedy: 'Extract it with unzip.',
  },
]

/** Rejects content that is often downloaded instead of a model file, such as a Git LFS pointer or a web page. */
export function rejectImpostor(path: string, beginning: string): void {
  reject(path, beginning, ANYWHERE)
}

/** Like `rejectImpostor`, but for text files. */
export function rejectImpostorOfText(path: string, text: string): void {
  reject(path, text.slice(0, IMPOSTOR_BYTES), [...ANYWHERE, ...INSTEAD_OF_TEXT])
}

function reject(path: string, beginning: string, impostors: readonly Impostor[]): void {
  const found = impostors.find(({ begins }) => begins.test(beginning))
  if (found) throw new SpanforgeError(`${path}: found ${found.what}`, { remedy: found.remedy })
}
