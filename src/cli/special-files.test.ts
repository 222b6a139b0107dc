import { execFileSync } from 'node:child_process'
import { cpSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runHere } from '../../tests/run-here.ts'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { tinyFolder } from '../../tests/tiny-squad.ts'

/** Runs a command line with PIPE replaced by a named pipe without a writer, and OUTPUT by a new path. */
async function withPipe(argv: readonly string[]) {
  const folder = temporaryFolder()
  const pipe = join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  return runHere(...argv.map((one) => (one === 'PIPE' ? pipe : one.replace('OUTPUT', join(folder, 'output')))))
}

test.skipIf(process.platform === 'win32').each([
  ['data check', ['data', 'check', 'PIPE']],
  ['evaluate', ['evaluate', '--model', tinyFolder, '--data', 'PIPE']],
  ['predict', ['predict', '--model', tinyFolder, '--input', 'PIPE', '--output', 'OUTPUT.jsonl']],
  ['answer', ['answer', '--model', tinyFolder, '--question', 'who?', '--context_file', 'PIPE']],
  ['serve', ['serve', tinyFolder, '--token_file', 'PIPE']],
  ['train', ['train', '--model', tinyFolder, '--train_file', 'PIPE', '--output_dir', 'OUTPUT']],
  ['train with arguments', ['train', '--args_file', 'PIPE']],
])('%s rejects a named pipe instead of waiting for it', { timeout: 120_000 }, async (_name, argv) => {
  const { code, stderr } = await withPipe(argv)
  expect(code).toBeGreaterThan(0)
  expect(stderr).toMatch(/^error: .*found a named pipe \(FIFO\), expected a file/m)
})

test.skipIf(process.platform === 'win32').each(['config.json', 'tokenizer.json', 'model.safetensors'])(
  'a named pipe in place of %s is rejected',
  async (name) => {
    const folder = temporaryFolder()
    cpSync(tinyFolder, folder, { recursive: true })
    rmSync(join(folder, name))
    execFileSync('mkfifo', [join(folder, name)])
    const { stderr } = await runHere('answer', '--model', folder, '--question', 'who?', '--context', 'bo is in ro.')
    expect(stderr).toContain(`${name}: found a named pipe (FIFO), expected a file`)
  },
)

test('deeply nested arguments are rejected in JSON and YAML', async () => {
  for (const name of ['args.json', 'args.yaml']) {
    const path = join(temporaryFolder(), name)
    writeFileSync(path, `{"seed": ${'['.repeat(50_000)}${']'.repeat(50_000)}}`)
    const { code, stderr } = await runHere('train', '--args_file', path)
    expect(code).toBe(2)
    expect(stderr).toMatch(/^error: .*nested deeper than 100 levels/)
  }
})
