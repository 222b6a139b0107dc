/** Question words. The first one in a question counts, wherever it is: "In what year ..." counts as "what". */
export const questionWords = [
  'who',
  'what',
  'when',
  'where',
  'which',
  'why',
  'how many',
  'how much',
  'how',
  'other',
] as const

export type QuestionWord = (typeof questionWords)[number]

const QUESTION_WORD = /\b(who|what|when|where|which|why|how +many|how +much|how)(?:m|se)?\b/i

/** Finds the English question word. "whom" and "whose" count as "who", and a question without any as "other". */
export function questionWord(question: string): QuestionWord {
  const word = QUESTION_WORD.exec(question)?.[1].toLowerCase().replace(/ +/, ' ')
  return (word as QuestionWord | undefined) ?? 'other'
}
