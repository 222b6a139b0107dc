/** The words of a text and their kinds, without a tagger: from capital letters, digits and a list of function words. */

export type WordKind = 'name' | 'number' | 'common' | 'function'

export interface Word {
  /** UTF-16 offsets in the text. */
  readonly start: number
  readonly end: number
  /** The word in lower case, for comparisons. */
  readonly key: string
  readonly kind: WordKind
  /** Whether it continues the phrase of the previous word, without punctuation between them. */
  readonly isJoined: boolean
}

const WORD =
  /(?:\p{Lu}\.){2,}|&|[$€£¥]?\d+(?:[.,:]\d+)*(?:\p{L}+|\s?%)?|[\p{L}\p{N}_][\p{L}\p{M}\p{N}_]*(?:['’\u2010-\u2013-][\p{L}\p{N}_][\p{L}\p{M}\p{N}_]*)*/gu

/** Whether two words are separated only by spaces, the period of an initial, or the comma in `May 12, 2008`. */
const joins = (before: string, gap: string, after: string): boolean =>
  /^\s+$/.test(gap) ||
  (/^\.\s$/.test(gap) && /^\p{Lu}$/u.test(before)) ||
  (/^,\s$/.test(gap) && /^[0-3]?\d$/.test(before) && /^\d{4}$/.test(after))

/**
 * English words with which an answer neither begins nor ends: articles, pronouns, prepositions, conjunctions,
 * auxiliaries, and common verbs and adverbs.
 */
const FUNCTION_WORDS: ReadonlySet<string> = new Set(
  `a an the this that these those each every either neither both all any some no none such same other others another
  i you he she it we they me him her us them my your his its our their mine yours hers ours theirs myself itself himself
  herself themselves who whom whose which what when where why how whether if
  of in on at to for from by with without within into onto upon over under above below between among through during
  before after since until till about against along across around behind beside besides beyond near off out up down per
  via as than like unlike despite except toward towards throughout
  and or but nor so yet because although though while whereas unless however therefore thus hence moreover also then
  am is are was were be been being do does did doing done have has had having can could may might must shall should will
  would ought not n't cannot don't doesn't didn't isn't aren't wasn't weren't won't can't it's that's there's
  there here now only just even still again once often never always sometimes usually already almost very too more most
  less least much many few several enough rather quite instead else ever first last next
  one two three use uses used using make makes made making take takes took taken give gives gave given get gets got
  say says said see sees saw seen come comes came go goes went become becomes became show shows showed shown need needs
  know known call calls called include includes including included provide provides provided contain contains
  set sets run runs work works want let put keep keeps kept mean means begin begins began remain remains remained
  follow follows following followed allow allows allowed require requires required according due well long e.g i.e etc`
    .split(/\s+/)
    .filter(Boolean),
)

/** Words after which a noun phrase begins. After `to`, `and` or `is`, there may be a verb or an adjective. */
const BEFORE_PHRASES: ReadonlySet<string> = new Set(
  `a an the this that these those each every any some no its his her their our your my of in on at for from by with without
  within into onto over under between among through during before after since until about against across per via as than
  called`.split(/\s+/),
)

/** Words that may join the parts of a name. */
const IN_NAMES: ReadonlySet<string> = new Set('of the de la du van von der den del di da bin al'.split(' '))

export const beginsPhrase = (key: string): boolean => BEFORE_PHRASES.has(key)
export const joinsNames = (key: string): boolean => IN_NAMES.has(key)
export const isFunctionWord = (key: string): boolean => FUNCTION_WORDS.has(key)

/**
 * Splits a sentence into words. `isName` says whether a word that is capitalized at the beginning of the sentence is a
 * name.
 */
export function wordsOf(text: string, isName: (key: string) => boolean = () => true): Word[] {
  const words: Word[] = []
  for (const { 0: found, index } of text.matchAll(WORD)) {
    const key = keyOf(found)
    const before = words.at(-1)
    words.push({
      start: index,
      end: index + found.length,
      key,
      kind: kindOf(found, key, words.length === 0 && !isName(key)),
      isJoined:
        before !== undefined && joins(text.slice(before.start, before.end), text.slice(before.end, index), found),
    })
  }
  return words
}

const keyOf = (word: string): string => word.toLowerCase().replaceAll('’', "'")

/** Function words that are capitalized only as parts of names. */
const IN_TITLES = /^(?:May|One|Two|Three|First|Last|Next)$/

function kindOf(word: string, key: string, isCapitalizedByPlace: boolean): WordKind {
  if (/^[$€£¥]?\d/.test(word)) return 'number'
  if (word === '&' || /^[B-HJ-Z]$/.test(word) || (IN_TITLES.test(word) && !isCapitalizedByPlace)) return 'name'
  if (FUNCTION_WORDS.has(key) || key.length === 1 || /^[a-z]{3,}ly$/.test(word)) return 'function'
  return /^\p{Lu}/u.test(word) && !isCapitalizedByPlace ? 'name' : 'common'
}

/** Returns a word without its ending for plural or possession, to compare sentences. */
export const stemOf = (key: string): string =>
  key
    .replace(/'s?$/, '')
    .replace(/(?<=\p{L}{3})(?:ies|y)$/u, 'i')
    .replace(/(?<=\p{L}{3}[^su])s$/u, '')
