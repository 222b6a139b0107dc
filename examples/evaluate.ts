/**
 * Evaluates a model on a file of questions, with a confidence interval, and prints its worst answers.
 *
 *   npx tsx examples/evaluate.ts MODEL FILE
 *
 * In a project of your own, import from 'spanforge'.
 */
import {
  AutoModelForQuestionAnswering,
  AutoTokenizer,
  bootstrapMean,
  createDataset,
  evaluate,
  loadSquad,
} from '../src/index.ts'

const [name, file] = process.argv.slice(2)
const tokenizer = await AutoTokenizer.from_pretrained(name)
const model = await AutoModelForQuestionAnswering.from_pretrained(name)
const max_seq_length = Math.min(384, model.geometry.max_positions)
const lengths = { max_seq_length, doc_stride: Math.floor(max_seq_length / 3) }
const dataset = createDataset(tokenizer, await loadSquad(file), lengths)
const { metrics, answers, scores } = await evaluate(model, dataset)
await model.release()

const { low, high } = bootstrapMean(scores.map(({ f1 }) => 100 * f1))
console.log(`Exact match ${metrics.eval_exact_match.toFixed(1)}`)
console.log(`F1 ${metrics.eval_f1.toFixed(1)} (95 % interval ${low.toFixed(1)} to ${high.toFixed(1)})`)
const worst = [...scores.keys()].sort((a, b) => scores[a].f1 - scores[b].f1).slice(0, 3)
for (const i of worst) {
  const [best] = answers[i].candidates
  console.log(`${dataset.examples[i].question} -> ${best?.answer}; expected ${dataset.examples[i].answers[0]?.text}`)
}
