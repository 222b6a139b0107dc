/** Texts for visitors of a page. They do not mention servers, models or settings, which only the owner of the page can change. */
export const messages = {
  label: 'Ask this page',
  button: 'Ask',
  searching: 'Searching this page …',
  loading: (done: number, total: number): string =>
    `Preparing the search: ${(done / 1e6).toFixed(0)} of ${(total / 1e6).toFixed(0)} MB …`,
  reading: (done: number, total: number): string => `Searching this page: ${Math.round((100 * done) / total)} % …`,
  nothing: 'This page does not answer that.',
  tooLong: 'This page is too long to search.',
  notPlain: 'Please ask a shorter, plain question.',
  tooMany: 'That was a lot of questions. Please wait a minute and try again.',
  busy: 'Many people are asking at the moment. Please try again shortly.',
  slow: 'That took too long. Please try again shortly.',
  broken: 'The search does not work at the moment.',
  /** Says where an answer comes from. `names` are the title of the document and the headings above the answer. */
  source: (names: readonly string[], page?: number): string =>
    `${names.join(' › ')}${page === undefined ? '' : `, page ${page}`}`,
}

export type Messages = typeof messages

/** The texts of a box with the attribute `documents`. */
export const documentMessages: Messages = {
  ...messages,
  label: 'Ask a question',
  searching: 'Searching …',
  reading: (done, total) => `Searching: ${Math.round((100 * done) / total)} % …`,
  nothing: 'The documents do not answer that.',
  tooLong: messages.notPlain,
}

/** A failed search, with details for the owner of the page. */
export class SearchFailure extends Error {
  constructor(
    message: string,
    readonly status?: number,
  ) {
    super(message)
  }
}

export function messageFor(error: unknown, texts: Messages): string {
  const known: Readonly<Record<number, string>> = {
    413: texts.tooLong,
    422: texts.notPlain,
    429: texts.tooMany,
    503: texts.busy,
    504: texts.slow,
  }
  return known[error instanceof SearchFailure ? (error.status ?? 0) : 0] ?? texts.broken
}
