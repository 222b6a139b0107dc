/** Limits the memory that one response takes: a very long word is repeated in every answer that contains it. */
import { HttpProblem } from './problem.ts'

/** Enough for 1,000 questions with 100 answers of 80 characters each. */
const MAX_CHARACTERS = 8_000_000

/** Counts the characters of all answers to one request. */
export class AnswerSize {
  private characters = 0

  /** @throws HttpProblem 422 once the answers exceed the limit */
  add(answers: readonly { readonly answer: string }[]): void {
    for (const { answer } of answers) this.characters += answer.length
    if (this.characters > MAX_CHARACTERS)
      throw new HttpProblem(
        422,
        `The answers have more than ${MAX_CHARACTERS.toLocaleString('en-US')} characters, the maximum per response.`,
        { remedy: 'Use a smaller top_k or max_answer_len, or send fewer questions per request.' },
      )
  }
}
