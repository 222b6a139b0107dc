import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { random } from '../src/random/random.ts'
import { evaluateOn } from '../src/runs/evaluate/evaluate-model.ts'
import { loadModel } from '../src/runs/load/load-model.ts'
import { savePretrained } from '../src/runs/run-files.ts'
import { noScreen } from '../src/runs/screen/screen.ts'
import { toSquadJson } from '../src/squad/reading/squad-json.ts'
import type { Example } from '../src/squad/types.ts'
import { differentExamples, tinyFolder } from './tiny-squad.ts'

/** Copies the tiny model. */
export function copyTiny(folder: string): string {
  cpSync(tinyFolder, folder, { recursive: true })
  return folder
}

/** Writes a copy of a model with noise in its weights. */
export async function noisyCopy(source: string, folder: string, deviation: number, seed = 1): Promise<string> {
  const { model, tokenizer } = await loadModel(source)
  const { data } = model.parameters
  const noise = random(seed, 'noise')
  for (let i = 0; i < data.length; i++) data[i] += deviation * (2 * noise.uniform() - 1)
  await savePretrained(folder, model, tokenizer)
  await model.release()
  return folder
}

/** Writes questions whose right answers are those of a model, and returns the path and the questions. */
export async function questionsFor(model: string, path: string, count: number): Promise<readonly Example[]> {
  const asked = differentExamples(count)
  const { predictions } = await evaluateOn(asked, { model, data: path, screen: noScreen })
  const examples = asked.map((example) => {
    const text = predictions.get(example.id)!
    return { ...example, answers: [{ text, answer_start: example.context.indexOf(text) }] }
  })
  writeFileSync(path, toSquadJson(examples))
  return examples
}

export const servedFile = (folder: string): string => join(folder, 'promotion/served.json')
