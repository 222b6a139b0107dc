/** Models that are trained from a served folder, and exports next to weights that have changed since. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { pipeline } from '../src/api/pipeline.ts'
import { loadAnswerSettings, saveAnswerSettings } from '../src/checkpoint/answer-settings.ts'
import { digestWeights } from '../src/inference/digests.ts'
import { loadModel } from '../src/runs/load/load-model.ts'
import { promotionState } from '../src/runs/promote/promote.ts'
import { writePromotions } from '../src/runs/promote/promotions.ts'
import { Models } from '../src/server/models/models.ts'
import { SharedLimit } from '../src/server/security/shared-limit.ts'
import { toSquadJson } from '../src/squad/reading/squad-json.ts'
import { copyTiny, noisyCopy, questionsFor } from './promotions.ts'
import { runHere } from './run-here.ts'
import { storedConfidence } from './stored-confidence.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { itInFull } from './thorough.ts'
import { type Flags, tinyTraining } from './tiny-run.ts'

// Runs take seconds on an idle machine and minutes on a busy one.
vi.setConfig({ testTimeout: 600_000 })

const ended: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ended.splice(0)) await end()
})

const exportInPlace = (folder: string, ...more: readonly string[]) =>
  runHere(
    ...['export', folder, '--to', 'onnx', '--output_dir', folder, '--runtime', 'node'],
    ...['--dtype', 'fp32,q8', '--force', ...more],
  )

/** Writes that `model` is served in place of a folder, as `promote` does. */
async function serveInPlace(folder: string, model: string): Promise<void> {
  const promoted = new Date().toISOString()
  await writePromotions(folder, [
    { folder, revision: 'a', promoted },
    { folder: model, revision: 'b', promoted },
  ])
}

describe('training from a served folder', () => {
  itInFull('starts from its weights without its calibration, and says that servers use another model', async () => {
    const folder = temporaryFolder()
    const served = copyTiny(join(folder, 'served'))
    const other = await noisyCopy(served, join(folder, 'other'), 0.2)
    await exportInPlace(served)
    await saveAnswerSettings(served, {
      ...{ version_2_with_negative: false, null_score_diff_threshold: 0.5, confidence: storedConfidence },
      ...{ max_answer_length: 30, max_seq_length: 48, doc_stride: 8, fitted_on: { data: 'dev.json', questions: 400 } },
    })
    const settings = await loadAnswerSettings(served)
    await serveInPlace(served, other)

    const { code, stdout, stderr } = await runHere(...tinyTraining(folder, { model: served, max_steps: 2 }))
    expect(code).toBe(0)
    expect(stdout + stderr).toContain(`servers use ${other} in its place. To start from that: --model ${other}`)
    const out = join(folder, 'out')
    expect(await loadAnswerSettings(out)).not.toHaveProperty('confidence')
    expect(await loadAnswerSettings(out)).not.toMatchObject({ null_score_diff_threshold: 0.5 })
    expect(readdirSync(out)).not.toEqual(expect.arrayContaining(['promotion']))
    expect(readdirSync(out)).not.toEqual(expect.arrayContaining(['onnx']))
    const { weights } = JSON.parse(readFileSync(join(out, 'run_digests.json'), 'utf8'))
    expect(weights).toBe(digestWeights((await loadModel(served)).model.parameters))
    // The served folder is unchanged.
    expect(await loadAnswerSettings(served)).toEqual(settings)
    expect((await promotionState(served)).served!.folder).toBe(other)

    // The new model can be promoted, and is trained further without a warning.
    const data = join(folder, 'questions.json')
    await questionsFor(out, data, 20)
    expect((await runHere('promote', served, out, '--data', data)).code).toBe(0)
    const next = { model: out, max_steps: 1, output_dir: join(folder, 'next') }
    const again = await runHere(...tinyTraining(folder, next))
    expect([again.code, again.stdout + again.stderr]).toEqual([0, expect.not.stringContaining('servers use')])
  })

  it('refuses to write into the served folder', async () => {
    const folder = temporaryFolder()
    expect((await runHere(...tinyTraining(folder, { max_steps: 1 }))).code).toBe(0)
    const out = join(folder, 'out')
    await serveInPlace(out, copyTiny(join(folder, 'other')))
    const overwriting: readonly Flags[] = [{ overwrite_output_dir: true }, { resume_from_checkpoint: 'latest' }]
    for (const more of overwriting) {
      const { code, stderr } = await runHere(...tinyTraining(folder, { max_steps: 2, ...more }))
      expect([code, stderr]).toEqual([2, expect.stringContaining('Choose another --output_dir, and promote it')])
    }
    expect(existsSync(join(out, 'model.safetensors'))).toBe(true)
  })
})

describe('an export next to weights that have changed', () => {
  it('is used while it was made from these weights, and rejected everywhere afterwards', async () => {
    const folder = temporaryFolder()
    expect((await runHere(...tinyTraining(folder, { max_steps: 1 }))).code).toBe(0)
    const out = join(folder, 'out')
    expect((await exportInPlace(out)).code).toBe(0)
    const data = join(folder, 'dev.json')
    const evaluate = (dtype: string) => runHere('evaluate', '--model', out, '--data', data, '--dtype', dtype)
    expect((await evaluate('q8')).code).toBe(0)
    const { code } = await runHere(...tinyTraining(folder, { max_steps: 2, overwrite_output_dir: true }))
    expect(code).toBe(0)
    expect(existsSync(join(out, 'onnx/model_quantized.onnx'))).toBe(true)

    const stale = 'onnx/ was exported from other weights than those in the folder'
    for (const argv of [
      ['evaluate', '--model', out, '--data', data, '--dtype', 'q8'],
      ['answer', '--model', out, '--dtype', 'fp32', '--question', 'who?', '--context', 'bo is in ro.'],
      ['serve', out, '--dtype', 'q8', '--port', '0'],
      ['export', out, '--to', 'site', '--output_dir', join(folder, 'site')],
      ['push', out, 'someone/model', '--dry_run'],
    ])
      expect([argv[0], (await runHere(...argv)).stderr]).toEqual([argv[0], expect.stringContaining(stale)])
    await expect(pipeline('question-answering', out, { dtype: 'q8' })).rejects.toThrow(stale)
    // Without a dtype, the weights are used.
    expect((await runHere('evaluate', '--model', out, '--data', data)).code).toBe(0)
    expect((await exportInPlace(out, '--overwrite')).code).toBe(0)
    expect((await evaluate('q8')).code).toBe(0)
  })

  itInFull('is not loaded by a running server, which keeps the old model', async () => {
    const folder = temporaryFolder()
    const served = copyTiny(join(folder, 'served'))
    await exportInPlace(served)
    const models = new Models({
      queueOptions: () => ({
        ...{ max_tokens: 64, wait: 0, max_requests: 4 },
        ...{ texts: new SharedLimit(1e8), windows: new SharedLimit(1e6) },
      }),
      choice: { dtype: 'fp32' },
    })
    ended.push(() => models.end())
    const before = await models.load({ id: 'qa', source: served })
    await noisyCopy(served, served, 0.2)
    await expect(models.reload('qa')).rejects.toThrow('exported from other weights')
    expect(models.get()).toBe(before)
    expect(before.thread.isAlive).toBe(true)
  })
})

/** The gate needs a browser otherwise. */
const inNode = ['--runtime', 'node']

describe('promote', () => {
  itInFull('compares exported models with checkpoints and with each other', async () => {
    const folder = temporaryFolder()
    const old = copyTiny(join(folder, 'old'))
    const data = join(folder, 'data.json')
    await questionsFor(old, data, 20)
    const exported = join(folder, 'exported')
    await runHere('export', old, '--to', 'onnx', '--output_dir', exported, '--dtype', 'fp32,q8', '--force', ...inNode)
    const promote = async (...argv: readonly string[]) =>
      JSON.parse((await runHere('promote', ...argv, '--data', data, '--json')).stdout)
    const mixed = await promote(old, exported)
    expect(mixed).toMatchObject({ promoted: true, models: [{ exact_match: 100 }, { exact_match: 100 }] })
    expect(mixed.new.revision).not.toBe(mixed.old.revision)
    const other = join(folder, 'other')
    await runHere('export', old, '--to', 'onnx', '--output_dir', other, '--dtype', 'q8', '--force', ...inNode)
    // The served model was exported in q8 too, so the weights and the results are the same.
    const quantized = await promote(old, other, '--dtype', 'q8')
    expect(quantized).toMatchObject({ promoted: true, difference: { difference: 0 }, new: { reused: true } })
  })

  itInFull('compares models with different tokenizers on questions without answers', async () => {
    const folder = temporaryFolder()
    const old = copyTiny(join(folder, 'old'))
    const other = copyTiny(join(folder, 'other'))
    const data = join(folder, 'data.json')
    const examples = await questionsFor(old, data, 20)
    writeFileSync(data, toSquadJson(examples.map((example, i) => (i % 2 ? { ...example, answers: [] } : example))))
    const tokenizer = JSON.parse(readFileSync(join(other, 'tokenizer.json'), 'utf8'))
    tokenizer.normalizer.lowercase = !tokenizer.normalizer.lowercase
    writeFileSync(join(other, 'tokenizer.json'), JSON.stringify(tokenizer))
    const argv = ['promote', old, other, '--data', data, '--json', '--dry_run']
    expect((await runHere(...argv)).stderr).toContain('version_2_with_negative')
    const { stdout } = await runHere(...argv, '--version_2_with_negative')
    const { models, new: next, old: served } = JSON.parse(stdout)
    expect(models[0]).toMatchObject({ version_2_with_negative: true, HasAns_total: 10, NoAns_total: 10 })
    expect(next.revision).not.toBe(served.revision)
  })
})
