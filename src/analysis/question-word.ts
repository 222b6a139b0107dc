/** What a question asks with: the first of these in it, wherever it stands ("In what year" asks with "what"). */
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

/** "whom" and "whose" count as "who"; a question without a question word is "other". English. */
export function questionWord(question: string): QuestionWord {
  const word = QUESTION_WORD.exec(question)?.[1].toLowerCase().replace(/ +/, ' ')
  return (word as QuestionWord | undefined) ?? 'other'
}
