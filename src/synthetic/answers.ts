import type { Draws } from './draws.ts'
import type { GeneratedAnswerKind } from './facts/fact.ts'
import type { Namer } from './names.ts'

const MONTHS = 'January February March April May June July August September October November December'.split(' ')
const SEASONS = ['spring', 'summer', 'autumn', 'winter']
const SMALL =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  )
const TENS = '- - twenty thirty forty fifty sixty'.split(' ')

/** Invents an answer of the given kind. No event of the entity happens before `firstYear`. */
export function invent(kind: GeneratedAnswerKind, firstYear: number, random: Draws, namer: Namer): string {
  switch (kind) {
    case 'person':
      return namer.person().name
    case 'town':
      return namer.town().name
    case 'firm':
      return namer.firm().name
    case 'river':
      return namer.river()
    case 'first date':
      return date(firstYear, random)
    case 'date':
      return date(laterYear(firstYear, random), random)
    case 'first year':
      return year(firstYear, random)
    case 'year':
      return year(laterYear(firstYear, random), random)
    case 'few':
      return few(random.int(3, 60), random)
    case 'many':
      return many(random)
  }
}

export function laterYear(firstYear: number, random: Draws): number {
  return firstYear + random.int(18, 70)
}

function date(yearNumber: number, random: Draws): string {
  const month = random.pick(MONTHS)
  const day = random.int(1, 28)
  return random.pick([
    `${day} ${month} ${yearNumber}`,
    `${month} ${day}, ${yearNumber}`,
    `the ${ordinal(day)} of ${month} ${yearNumber}`,
    `${month} ${yearNumber}`,
  ])
}

function year(yearNumber: number, random: Draws): string {
  if (random.chance(0.7)) return `${yearNumber}`
  return random.chance(0.5) ? `${random.pick(MONTHS)} ${yearNumber}` : `the ${random.pick(SEASONS)} of ${yearNumber}`
}

function ordinal(day: number): string {
  const suffix = day > 10 && day < 20 ? 'th' : (['th', 'st', 'nd', 'rd'][day % 10] ?? 'th')
  return `${day}${suffix}`
}

/** Formats a number in digits or in words: 42, forty-two. */
function few(value: number, random: Draws): string {
  if (random.chance(0.5)) return `${value}`
  if (value < 20) return SMALL[value]
  return value % 10 === 0 ? TENS[value / 10] : `${TENS[Math.floor(value / 10)]}-${SMALL[value % 10]}`
}

/** Draws a number in one of several formats: 480, 4,300, 4300 or 12 thousand. */
function many(random: Draws): string {
  const shape = random.uniform()
  if (shape < 0.15) return `${random.int(2, 90)} thousand`
  if (shape < 0.3) return `${random.int(30, 99) * 10}`
  const value = random.int(100, 9000) * 10
  return shape < 0.5 ? `${value}` : value.toLocaleString('en-US')
}
