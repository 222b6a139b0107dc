import { pack } from './packed.ts'

/** A text that was asked about, newest first in a list of them. */
export interface Visit {
  /** When it was last asked, milliseconds since 1970. */
  readonly at: number
  readonly name: string
  /** Of a text without a name: how it begins. */
  readonly beginning?: string
  /** The text, packed: a book is a few hundred kilobytes. */
  readonly packed: string
  readonly questions: readonly string[]
}

/** Browsers give a page about five million characters. */
const MOST_CHARACTERS = 2_500_000
const MOST_VISITS = 50

/** The list with this visit first, the same text's earlier ones taken into it; the oldest go where room is short. */
export function remembered(history: readonly Visit[], visit: Visit): Visit[] {
  const kept: Visit[] = []
  let room = MOST_CHARACTERS
  for (const one of [visit, ...history.filter(({ packed }) => packed !== visit.packed)]) {
    room -= sizeOf(one)
    if (room < 0 || kept.length === MOST_VISITS) break
    kept.push(one)
  }
  return kept
}

const sizeOf = ({ name, beginning = '', packed, questions }: Visit): number =>
  name.length + beginning.length + packed.length + questions.reduce((sum, question) => sum + question.length, 100)

export const visitOf = async (text: string, rest: Omit<Visit, 'packed' | 'beginning'>): Promise<Visit> => ({
  ...rest,
  ...(rest.name === '' && { beginning: beginningOf(text) }),
  packed: await pack(text),
})

const MOST_BEGINNING = 70

/** The first words of a text, on one line. */
export function beginningOf(whole: string): string {
  const text = whole.trim()
  const first = text.slice(0, 1000).split(/\s+/).join(' ')
  if (first.length <= MOST_BEGINNING && text.length <= 1000) return first
  const words = first.slice(0, MOST_BEGINNING).replace(/(?<=\S)\s\S*$/, '')
  // Not through the middle of a character.
  return `${words.replace(/[\ud800-\udbff]$/, '')} …`
}

/** What to call it in the list; those kept by earlier versions do not know how they begin. */
export const titleOf = ({ name, beginning }: Visit): string => name || beginning || 'A pasted text'

/** When it was, as short as one would say it: '9:23', of another day 'Nov 26', of another year with that. */
export function whenOf(at: number, now: Date = new Date(), locale?: string): string {
  const then = new Date(at)
  if (then.toDateString() === now.toDateString())
    return then.toLocaleTimeString(locale, { hour: 'numeric', minute: '2-digit' })
  const year = then.getFullYear() === now.getFullYear() ? undefined : 'numeric'
  return then.toLocaleDateString(locale, { day: 'numeric', month: 'short', year })
}

/** A history as it was kept; what is damaged in it is left out. */
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
