import { pack } from './packed.ts'

/** A text that was asked about, newest first in a list of them. */
export interface Visit {
  /** When it was last asked, milliseconds since 1970. */
  readonly at: number
  readonly name: string
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

const sizeOf = ({ name, packed, questions }: Visit): number =>
  name.length + packed.length + questions.reduce((sum, question) => sum + question.length, 100)

export const visitOf = async (text: string, rest: Omit<Visit, 'packed'>): Promise<Visit> => ({
  ...rest,
  packed: await pack(text),
})

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
  const { at, name, packed, questions } = Object(value) as Record<string, unknown>
  const isText = (item: unknown) => typeof item === 'string'
  return typeof at === 'number' && isText(name) && isText(packed) && Array.isArray(questions) && questions.every(isText)
}
