/** Runs an exported folder in transformers.js. Works in Node.js and in browsers. */

/**
 * Returns the logits of each row, and for each question the answer of the pipeline and the ids of the tokenizer.
 *
 * @param library the exports of transformers.js
 * @param task `models`: path of the folder that contains the exported one; `name`, `dtype`, `rows`, `questions`
 */
export async function compute({ env, pipeline, Tensor }, { models, name, dtype, rows, questions }) {
  env.allowRemoteModels = false
  env.allowLocalModels = true
  env.localModelPath = models
  const answerer = await pipeline('question-answering', name, { dtype })
  const logits = []
  for (const { input_ids, token_type_ids } of rows) {
    const tensor = (values) => new Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length])
    const { start_logits, end_logits } = await answerer.model({
      input_ids: tensor(input_ids),
      attention_mask: tensor(input_ids.map(() => 1)),
      token_type_ids: tensor(token_type_ids),
    })
    logits.push({ start_logits: [...start_logits.data], end_logits: [...end_logits.data] })
  }
  const answers = []
  const ids = []
  for (const { question, context } of questions) {
    answers.push(await answerer(question, context))
    const inputs = await answerer.tokenizer(question, { text_pair: context })
    ids.push(Array.from(inputs.input_ids.data, Number))
  }
  await answerer.dispose()
  return { logits, answers, ids }
}
