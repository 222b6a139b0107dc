import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { PassThrough } from 'node:stream'
import { describe, expect, inject, test } from 'vitest'
import { SpanforgeError, UsageError } from '../../errors.ts'
import { createOutput, describeError, exitCodeOf, handleStreamErrors } from './output.ts'

const streams = () => ({ stdout: new PassThrough(), stderr: new PassThrough() })
const textOf = (stream: PassThrough) => String(stream.read() ?? '')

describe('createOutput', () => {
  test('with --json prints one JSON document to standard output and everything else to standard error', () => {
    const to = streams()
    const output = createOutput(true, to)
    output.print('Loading...')
    output.result({ exact_match: 81.2 })
    expect(JSON.parse(textOf(to.stdout))).toEqual({ exact_match: 81.2 })
    expect(textOf(to.stderr)).toBe('Loading...\n')
    expect(() => output.result({})).toThrow('two results')
  })

  test('escapes control characters and text direction marks from data files', () => {
    const to = streams()
    createOutput(false, to).print('question a\x1b[2Jb\u202ec\r: \u0645\u06cc\u200c\u062e \x1b[1mbold\x1b[22m')
    expect(textOf(to.stdout)).toBe(
      'question a\\u001b[2Jb\\u202ec\\u000d: \u0645\u06cc\u200c\u062e \x1b[1mbold\x1b[22m\n',
    )
  })

  test('without --json prints text to standard output and no document', () => {
    const to = streams()
    const output = createOutput(false, to)
    output.print('exact match  81.2')
    output.result({ exact_match: 81.2 })
    expect(textOf(to.stdout)).toBe('exact match  81.2\n')
    expect(textOf(to.stderr)).toBe('')
  })
})

describe('errors', () => {
  const failing = async (error: unknown) => {
    const to = streams()
    const code = await exitCodeOf(() => Promise.reject(error), to)
    return { code, text: textOf(to.stderr) }
  }

  test('a SpanforgeError prints message and remedy without a stack, exit code 1', async () => {
    const { code, text } = await failing(new SpanforgeError('squad: dev.json: no data', { remedy: 'Give a file.' }))
    expect(text).toBe('error: squad: dev.json: no data\n  Give a file.\n')
    expect(code).toBe(1)
  })

  test('a UsageError exits with 2, and errors can set their own exit code', async () => {
    expect((await failing(new UsageError('--seed: "x" is not a number'))).code).toBe(2)
    expect((await failing(new SpanforgeError('interrupted', { exitCode: 130 }))).code).toBe(130)
  })

  test('an unexpected error prints its stack and asks for a bug report', async () => {
    const { code, text } = await failing(new TypeError('x is undefined', { cause: new Error('below') }))
    expect(code).toBe(1)
    expect(text).toMatch(/^unexpected error: TypeError: x is undefined\n\s+at .*output\.test\.ts/)
    expect(text).toContain('caused by Error: below')
    expect(text).toContain('Please report it')
    expect(describeError('a string')).toMatch(/^unexpected error: a string\n/)
  })

  test('with DEBUG a SpanforgeError prints its stack and cause', () => {
    const error = new SpanforgeError('cannot read', { cause: new Error('ENOENT') })
    expect(describeError(error, true)).toMatch(/SpanforgeError: cannot read\n\s+at [\s\S]*caused by Error: ENOENT/)
    expect(describeError(error, false)).toBe('error: cannot read')
  })

  test('success exits with 0 and prints nothing', async () => {
    const to = streams()
    expect(await exitCodeOf(async () => {}, to)).toBe(0)
    expect(textOf(to.stderr)).toBe('')
  })
})

describe('a closed or failing output stream', () => {
  test('is ignored if the reader has closed the pipe; a full disk is reported once', () => {
    const to = streams()
    handleStreamErrors(to)
    expect(() => to.stdout.emit('error', Object.assign(new Error('broken'), { code: 'EPIPE' }))).not.toThrow()
    expect(textOf(to.stderr)).toBe('')
    for (let i = 0; i < 3; i++) to.stdout.emit('error', Object.assign(new Error('full'), { code: 'ENOSPC' }))
    expect(textOf(to.stderr)).toBe('error: cannot write to standard output (full); the output is incomplete\n')
    expect(process.exitCode).toBe(1)
    process.exitCode = undefined
  })

  test.skipIf(!existsSync('/dev/full'))('reports a full disk in one sentence with exit code 1', async () => {
    const shell = '"$@" --help > /dev/full'
    const argv = ['-c', shell, 'sh', process.execPath, inject('cli')]
    const { status, stderr } = spawnSync('sh', argv, { encoding: 'utf8' })
    expect(stderr).toMatch(/^error: cannot write to standard output \(ENOSPC.*\); the output is incomplete\n$/)
    expect(status).toBe(1)
  })

  test('prints nothing to standard error if a pipe is closed early, and the command completes', () => {
    const module = new URL('./output.ts', import.meta.url).href
    const script = `
      import { handleStreamErrors } from '${module}'
      handleStreamErrors()
      for (let i = 0; i < 2000; i++) {
        console.log('x'.repeat(1000))
        await new Promise(setImmediate)
      }
      console.error('reached the end')`
    const shell = `"$NODE" --import tsx --input-type=module -e "$SCRIPT" | head -1 > /dev/null`
    const env = { ...process.env, NODE: process.execPath, SCRIPT: script, NODE_NO_WARNINGS: '1' }
    const { stderr } = spawnSync('sh', ['-c', shell], { env, encoding: 'utf8' })
    expect(stderr).toBe('reached the end\n')
  })
})
