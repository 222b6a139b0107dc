/** Bounds what an answer to a request takes in memory: a text with one endless word is sent once for each answer in it. */
import { HttpProblem } from './problem.ts'

/** Above any answers of sentences: 1,000 questions with 100 answers of 80 characters. */
const MAX_CHARACTERS = 8_000_000

/** Counts the characters of the answers of one request. */
export class AnswerSize {
  private characters = 0

  /** @throws Problem 422 once the answers have more characters than are sent */
  add(answers: readonly { readonly answer: string }[]): void {
    for (const { answer } of answers) this.characters += answer.length
    if (this.characters > MAX_CHARACTERS)
      throw new HttpProblem(
        422,
        `The answers have more than ${MAX_CHARACTERS.toLocaleString('en-US')} characters, the most that this server ` +
          'sends at a time.',
        { remedy: 'Use a smaller top_k or max_answer_len, or ask fewer questions in a request.' },
      )
  }
}
