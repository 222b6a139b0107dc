import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { copyTiny, noisyCopy, questionsFor, servedFile } from '../../../tests/promotions.ts'
import { runHere } from '../../../tests/run-here.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { acquireLock } from '../../files/lock.ts'
import type { PromotionResult } from '../../runs/promote/promote.ts'

const QUESTIONS = 40

/** A served model, which answers all questions of the file right, and one that is worse. */
async function world() {
  const folder = temporaryFolder()
  const old = copyTiny(join(folder, 'old'))
  const worse = await noisyCopy(old, join(folder, 'worse'), 0.2)
  const data = join(folder, 'dev.json')
  await questionsFor(old, data, QUESTIONS)
  const promote = async (...argv: readonly string[]) => {
    const { code, stdout, stderr } = await runHere('promote', ...argv, '--json')
    return { code, stderr, result: (stdout ? JSON.parse(stdout) : undefined) as PromotionResult }
  }
  const served = async () => (await runHere('promote', old, '--json')).stdout
  return { folder, old, worse, data, promote, served }
}

describe('spanforge promote', () => {
  it('refuses a worse model with the figures and the questions that got worse, and promotes it with --force', async () => {
    const { old, worse, data, promote } = await world()
    const { code, result, stderr } = await promote(old, worse, '--data', data)
    expect(code).toBe(1)
    expect(result).toMatchObject({ promoted: false, outcome: 'worse', old: { reused: false } })
    expect(result.difference.high).toBeLessThan(0)
    expect(result.difference.p_value).toBeLessThan(0.05)
    expect(stderr).toMatch(
      /worse: not promoted: it is worse: F1 -\d+\.\d\d points, 95 % interval -[\d.]+ to -[\d.]+, p /,
    )
    const { worse: count, better, examples } = result.questions
    expect(count).toBeGreaterThan(5)
    expect(better).toBe(0)
    expect(examples).toHaveLength(5)
    for (const { old_answer, new_answer, expected, old_score, new_score } of examples) {
      expect(expected).toEqual([old_answer])
      expect(new_answer).not.toBe(old_answer)
      expect(old_score).toBeGreaterThan(new_score)
    }
    expect(existsSync(servedFile(old))).toBe(false)

    const text = await runHere('promote', old, worse, '--data', data, '--force')
    expect(text.code).toBe(0)
    expect(text.stdout).toContain('Promoted with --force, although it is worse: F1 -')
    expect(text.stdout).toContain('come from an earlier evaluation')
    expect(text.stdout).toContain(`${old} now serves ${worse}`)
  })

  it('promotes a model that is not found worse, and says what the test can find', async () => {
    const { old, data, promote } = await world()
    const { code, result } = await promote(old, old, '--data', data)
    expect(code).toBe(0)
    expect(result).toMatchObject({ promoted: true, outcome: 'no difference found', questions: { worse: 0, better: 0 } })
    // Six questions must change before the test finds anything at the level 0.05.
    expect(result.detectable_loss).toBe((100 * 6) / QUESTIONS)
    const { stdout } = await runHere('promote', old, old, '--data', data, '--max_eval_samples', '5')
    expect(stdout).toContain('No difference found: F1 +0.00 points')
    expect(stdout).toContain('The test cannot find any loss with 5 questions. Use more questions.')
  })

  it('shows what is served, and goes back to the model before it', async () => {
    const { folder, old, worse, data, promote, served } = await world()
    expect((await runHere('promote', old)).stdout).toContain('no model was promoted')
    expect((await promote(old, '--undo')).stderr).toContain('there is no earlier model')
    await promote(old, worse, '--data', data, '--force')
    expect(JSON.parse(await served()).served.folder).toBe(worse)
    // The served model is now the worse one, so the other one is better.
    const back = await promote(old, old, '--data', data)
    expect(back.result).toMatchObject({ outcome: 'better', promoted: true, old: { folder: worse, reused: true } })
    expect(JSON.parse(await served()).served.folder).toBe(old)
    for (const expected of [worse, old]) {
      expect((await promote(old, '--undo')).code).toBe(0)
      expect(JSON.parse(await served()).served.folder).toBe(expected)
    }
    expect((await promote(old, '--undo')).code).toBe(2)
    expect(readdirSync(folder).sort()).toEqual(['dev.json', 'old', 'worse'])
  })

  it('records the folder behind a link, which may point to another one later', async () => {
    const { folder, old, worse, data, promote, served } = await world()
    const link = join(folder, 'current')
    symlinkSync(old, link)
    expect((await promote(link, worse, '--data', data, '--force')).result.old.folder).toBe(old)
    rmSync(link)
    symlinkSync(worse, link)
    expect(JSON.parse(await served())).toMatchObject({ served: { folder: worse }, before: [{ folder: old }] })
    const { stdout, stderr } = await runHere('promote', old, '--undo', '--json')
    expect(JSON.parse(stdout).served.folder).toBe(old)
    expect(stderr).toBe('')
  })

  it('compares without changing anything with --dry_run', async () => {
    const { old, worse, data, promote } = await world()
    expect((await promote(old, worse, '--data', data, '--dry_run')).code).toBe(1)
    expect((await promote(old, old, '--data', data, '--dry_run')).code).toBe(0)
    expect(existsSync(servedFile(old))).toBe(false)
  })

  it('compares the interval of the gain with --min_gain', async () => {
    const { old, worse, data, promote } = await world()
    await promote(old, worse, '--data', data, '--force')
    const { result } = await promote(old, old, '--data', data, '--dry_run')
    const { low } = result.difference
    expect((await promote(old, old, '--data', data, '--dry_run', '--min_gain', String(low - 0.1))).code).toBe(0)
    const refused = await promote(old, old, '--data', data, '--dry_run', '--min_gain', String(low + 0.1))
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('the interval of its gain begins below min_gain')
    expect((await promote(old, worse, '--data', data, '--min_gain', '0', '--dry_run')).code).toBe(0)
  })

  it('reads several files, in which ids may repeat', async () => {
    const { folder, old, worse, data, promote } = await world()
    const second = join(folder, 'second.json')
    writeFileSync(second, readFileSync(data))
    const { result } = await promote(old, worse, '--data', data, '--data', second, '--metric', 'exact_match')
    expect(result.models[0]).toMatchObject({ examples: 2 * QUESTIONS, exact_match: 100 })
    expect(result.metric).toBe('exact_match')
    expect(result.questions.examples[0].id).toContain(`${data}: q`)
  })

  it('does not reuse results for other weights, questions or options', async () => {
    const { old, worse, data, promote } = await world()
    const reused = async (...argv: readonly string[]) => (await promote(old, worse, ...argv, '--dry_run')).result
    await reused('--data', data)
    expect(await reused('--data', data)).toMatchObject({ old: { reused: true }, new: { reused: true } })
    expect(await reused('--data', data, '--max_eval_samples', '20')).toMatchObject({ old: { reused: false } })
    await noisyCopy(worse, worse, 0.01)
    expect(await reused('--data', data)).toMatchObject({ old: { reused: true }, new: { reused: false } })
  })

  it('refuses to run while another promotion of the same model runs', async () => {
    const { old, worse, data, promote } = await world()
    const guards = join(old, 'promotion')
    const lock = await acquireLock(join(guards, 'lock'), { guards, remedy: '' })
    try {
      const { code, stderr } = await promote(old, worse, '--data', data)
      expect(code).toBe(1)
      expect(stderr).toContain('in use by another run')
      expect((await promote(old, old, '--data', data, '--dry_run')).code).toBe(0)
    } finally {
      lock.release()
    }
  })

  it('rejects invalid input with the remedy', async () => {
    const { folder, old, worse, data, promote } = await world()
    const empty = join(folder, 'empty')
    mkdirSync(empty)
    for (const [argv, code, words] of [
      [[old, worse], 2, '--data is missing'],
      [[old, '--data', data], 2, 'NEW is missing'],
      [[old, worse, '--undo'], 2, '--undo takes only OLD'],
      [[join(folder, 'none'), worse, '--data', data], 2, 'no such folder'],
      [[old, empty, '--data', data], 2, 'config.json'],
      [[old, worse, '--data', data, '--alpha', '0'], 2, 'alpha is 0'],
      [[old, worse, '--data', data, '--data', data], 2, 'the same data is given twice'],
      [[old, worse, '--data', data, '--server', 'localhost'], 2, 'is not a URL'],
      [[old, worse, '--data', data, '--server', 'http://127.0.0.1:9'], 1, 'cannot be reached'],
      [[old, worse, '--data', data, '--dry_run', '--force'], 2, 'mutually exclusive'],
    ] as const) {
      const found = await promote(...argv)
      expect([found.code, found.stderr]).toEqual([code, expect.stringContaining(words)])
    }
    await promote(old, worse, '--data', data, '--force')
    rmSync(worse, { recursive: true })
    expect((await promote(old, old, '--data', data)).stderr).toContain('the served model no longer exists')
    writeFileSync(servedFile(old), '{')
    expect((await promote(old)).stderr).toContain('not a list of promoted models')
  })
})
