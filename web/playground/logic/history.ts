import { compress } from './packed.ts'

/** A text in the history. */
export interface Visit {
  /** Time of the last question, in milliseconds since 1970. */
  readonly at: number
  readonly name: string
  /** First words of a text without a name. */
  readonly beginning?: string
  /** The compressed text; a book takes a few hundred kilobytes. */
  readonly packed: string
  readonly questions: readonly string[]
}

/** Half of the about five million characters that browsers allow per site. */
const MAX_CHARACTERS = 2_500_000
const MAX_VISITS = 50

/** Adds a visit to the top of the list, replaces earlier ones with the same text and drops the oldest if necessary. */
export function remembered(history: readonly Visit[], visit: Visit): Visit[] {
  const kept: Visit[] = []
  let room = MAX_CHARACTERS
  for (const one of [visit, ...history.filter(({ packed }) => packed !== visit.packed)]) {
    room -= sizeOf(one)
    if (room < 0 || kept.length === MAX_VISITS) break
    kept.push(one)
  }
  return kept
}

const sizeOf = ({ name, beginning = '', packed, questions }: Visit): number =>
  name.length + beginning.length + packed.length + questions.reduce((sum, question) => sum + question.length, 100)

export const visitOf = async (text: string, rest: Omit<Visit, 'packed' | 'beginning'>): Promise<Visit> => ({
  ...rest,
  ...(rest.name === '' && { beginning: beginningOf(text) }),
  packed: await compress(text),
})

const MAX_BEGINNING = 70

/** The first words of a text, on one line. */
export function beginningOf(whole: string): string {
  const text = whole.trim()
  const first = text.slice(0, 1000).split(/\s+/).join(' ')
  if (first.length <= MAX_BEGINNING && text.length <= 1000) return first
  const words = first.slice(0, MAX_BEGINNING).replace(/(?<=\S)\s\S*$/, '')
  // Do not split a surrogate pair.
  return `${words.replace(/[\ud800-\udbff]$/, '')} …`
}

/** The title in the list. Entries of earlier versions have no beginning. */
export const titleOf = ({ name, beginning }: Visit): string => name || beginning || 'A pasted text'

/** Formats a time briefly: '9:23' today, 'Nov 26' in this year, or with the year before that. */
export function whenOf(at: number, now: Date = new Date(), locale?: string): string {
  const then = new Date(at)
  if (then.toDateString() === now.toDateString())
    return then.toLocaleTimeString(locale, { hour: 'numeric', minute: '2-digit' })
  const year = then.getFullYear() === now.getFullYear() ? undefined : 'numeric'
  return then.toLocaleDateString(locale, { day: 'numeric', month: 'short', year })
}

/** Parses a stored history and ignores corrupted entries. */
export function parseHistory(json: string | undefined): Visit[] {
  try {
    const list: unknown = JSON.parse(json ?? '[]')
    return Array.isArray(list) ? list.filter(isVisit) : []
  } catch {
    return []
  }
}

function isVisit(value: unknown): value is Visit {
  const { at, name, beginning, packed, questions } = Object(value) as Record<string, unknown>
  const isText = (item: unknown) => typeof item === 'string'
  const isSound = typeof at === 'number' && isText(name) && isText(packed) && isText(beginning ?? '')
  return isSound && Array.isArray(questions) && questions.every(isText)
}
