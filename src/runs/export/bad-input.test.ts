import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { runHere } from '../../../tests/run-here.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { tinyFolder } from '../../../tests/tiny-squad.ts'

// Each export takes a second on an idle machine.
vi.setConfig({ testTimeout: 120_000 })

/** A copy of the tiny model in a new folder, whose only other content may be an export. */
function copiedModel() {
  const folder = temporaryFolder()
  const model = join(folder, 'model')
  cpSync(tinyFolder, model, { recursive: true })
  return { folder, model, output_dir: join(folder, 'exported') }
}

/** Runs an export that fails, and expects that it leaves nothing behind. */
async function refused(model: string, output_dir: string, ...more: string[]) {
  const before = readdirSync(join(model, '..'))
  const argv = ['export', model, '--to', 'onnx', '--output_dir', output_dir, '--runtime', 'node', ...more]
  const { code, stderr } = await runHere(...argv)
  expect(code, stderr).toBeGreaterThan(0)
  expect(stderr).toMatch(/^error: /m)
  expect(stderr).not.toContain('This is a bug')
  expect(readdirSync(join(model, '..'))).toEqual(before)
  return stderr
}

test('a folder without a tokenizer', async () => {
  const { model, output_dir } = copiedModel()
  for (const name of readdirSync(model)) if (/token|vocab/.test(name)) rmSync(join(model, name))
  expect(await refused(model, output_dir)).toMatch(/tokenizer.json|vocab.txt/)
})

test('corrupted weights and configurations', async () => {
  const { model, output_dir } = copiedModel()
  const weights = readFileSync(join(model, 'model.safetensors'))
  writeFileSync(join(model, 'model.safetensors'), weights.subarray(0, weights.length >> 1))
  expect(await refused(model, output_dir)).toContain('model.safetensors')
  writeFileSync(join(model, 'model.safetensors'), weights)
  writeFileSync(join(model, 'config.json'), '{"model_type"')
  expect(await refused(model, output_dir)).toContain('config.json')
})

test('an unknown runtime, before the model is loaded and written', async () => {
  const { model, output_dir } = copiedModel()
  const { code, stderr } = await runHere(
    'export',
    model,
    '--to',
    'onnx',
    '--output_dir',
    output_dir,
    '--runtime',
    'gpu',
  )
  expect(code).toBe(2)
  expect(stderr).toContain('error: runtime: unknown runtime "gpu"')
  expect(stderr).not.toContain('Writing')
})

test('whatever can be checked at once, before anything is measured', async () => {
  const { folder, model, output_dir } = copiedModel()
  const early = async (to: string, ...more: string[]) => {
    const { code, stdout, stderr } = await runHere('export', model, '--output_dir', to, '--force', ...more)
    expect(code, stderr).toBeGreaterThan(0)
    expect(stdout + stderr).not.toMatch(/Measuring|Writing|logits differ/)
    return stderr
  }
  const int8 = ['--to', 'onnx', '--runtime', 'node', '--dtype', 'int8']
  expect(await early(output_dir, ...int8, '--keep_float32', 'typo')).toContain('"typo" matches no product')
  expect(await early(output_dir, '--to', 'onnx', '--dtype', 'fp16', '--keep_float32', 'auto')).toContain(
    'keep_float32: only for int8 and uint8, found fp16',
  )
  const taken = join(folder, 'taken')
  mkdirSync(taken)
  for (const name of ['README.md', 'index.html']) writeFileSync(join(taken, name), 'mine')
  expect(await early(taken, ...int8)).toContain('README.md: already exists')
  vi.stubEnv('SPANFORGE_CHROMIUM', join(folder, 'missing'))
  expect(await early(output_dir, '--to', 'onnx', '--runtime', 'wasm')).toContain('Chromium: not found')
  vi.unstubAllEnvs()
})

test('an output that is a file, or a folder in a file', async () => {
  const { folder, model } = copiedModel()
  writeFileSync(join(folder, 'file'), 'mine')
  expect(await refused(model, join(folder, 'file'))).toMatch(/file/)
  expect(await refused(model, join(folder, 'file/exported'))).toMatch(/file/)
  expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('mine')
})

test('files of other origin are never replaced', async () => {
  const { model, output_dir } = copiedModel()
  mkdirSync(output_dir)
  for (const name of ['README.md', 'config.json', 'export.json']) {
    writeFileSync(join(output_dir, name), 'mine')
    expect(await refused(model, output_dir)).toContain(`${name}: already exists`)
    expect(readFileSync(join(output_dir, name), 'utf8')).toBe('mine')
    rmSync(join(output_dir, name))
  }
  expect(readdirSync(output_dir)).toEqual([])
})

test('a model that was exported cannot be exported again', async () => {
  const { folder, model, output_dir } = copiedModel()
  const argv = ['export', model, '--to', 'onnx', '--output_dir', output_dir, '--runtime', 'node']
  expect((await runHere(...argv)).code).toBe(0)
  expect(await refused(output_dir, join(folder, 'again'))).toContain('ONNX export')
})

test.skipIf(process.getuid?.() === 0)('a folder that is not writable', async () => {
  const { folder, model } = copiedModel()
  const locked = join(folder, 'locked')
  mkdirSync(locked)
  chmodSync(locked, 0o500)
  expect(await refused(model, join(locked, 'exported'))).toContain('not writable')
  chmodSync(locked, 0o700)
})
