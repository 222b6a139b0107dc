/**
 * The thread in which large texts are tokenised and searched: a book takes a second of either. Started by reader.ts,
 * which keeps the readings of requests under numbers.
 */
import { workerData } from 'node:worker_threads'
import type { SearchOptions } from '../inference/pipeline.ts'
import type { RowLogits } from '../models/question-answering.ts'
import type { TokenizerSettings } from '../text/settings.ts'
import { BertTokenizer } from '../text/tokenizer.ts'
import { type PipelineScores, Reading, type ReadingTask } from './reading.ts'
import { answerCalls, type Handed } from './thread-calls.ts'

const tokenizer = new BertTokenizer(workerData as TokenizerSettings)
const readings = new Map<number, Reading>()

const copied = async <T>(value: T): Promise<Handed<T>> => ({ value, transfer: [] })

answerCalls({
  open(id: number, task: ReadingTask) {
    const reading = new Reading(tokenizer, task)
    readings.set(id, reading)
    return copied(reading.rows)
  },
  answers: (id: number, question: number, logits: readonly RowLogits[], options: SearchOptions) =>
    copied(readings.get(id)!.answers(question, logits, options)),
  pipelineAnswers: (id: number, question: number, logits: readonly RowLogits[], options: PipelineScores) =>
    copied(readings.get(id)!.pipelineAnswers(question, logits, options)),
  close(id: number) {
    readings.delete(id)
    return copied(undefined)
  },
})
