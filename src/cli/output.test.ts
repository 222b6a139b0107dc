import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { PassThrough } from 'node:stream'
import { describe, expect, inject, test } from 'vitest'
import { SpanforgeError, UsageError } from '../errors.ts'
import { createOutput, describeError, exitCodeOf, handleStreamErrors } from './output.ts'

const streams = () => ({ stdout: new PassThrough(), stderr: new PassThrough() })
const textOf = (stream: PassThrough) => String(stream.read() ?? '')

describe('output', () => {
  test('with --json standard output is one JSON document and all else goes to standard error', () => {
    const to = streams()
    const output = createOutput(true, to)
    output.print('Loading...')
    output.result({ exact_match: 81.2 })
    expect(JSON.parse(textOf(to.stdout))).toEqual({ exact_match: 81.2 })
    expect(textOf(to.stderr)).toBe('Loading...\n')
    expect(() => output.result({})).toThrow('two results')
  })

  test('what a data file holds cannot move the cursor or turn text around', () => {
    const to = streams()
    createOutput(false, to).print('question a\x1b[2Jb\u202ec\r: \u0645\u06cc\u200c\u062e \x1b[1mbold\x1b[22m')
    expect(textOf(to.stdout)).toBe(
      'question a\\u001b[2Jb\\u202ec\\u000d: \u0645\u06cc\u200c\u062e \x1b[1mbold\x1b[22m\n',
    )
  })

  test('without --json text goes to standard output and the document nowhere', () => {
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

  test('a foreseen error is its message and remedy without a stack, exit code 1', async () => {
    const { code, text } = await failing(new SpanforgeError('squad: dev.json: no data', { remedy: 'Give a file.' }))
    expect(text).toBe('error: squad: dev.json: no data\n  Give a file.\n')
    expect(code).toBe(1)
  })

  test('a wrong command line exits with 2, and an error may name its own code', async () => {
    expect((await failing(new UsageError('--seed: "x" is not a number'))).code).toBe(2)
    expect((await failing(new SpanforgeError('interrupted', { exitCode: 130 }))).code).toBe(130)
  })

  test('an error that nobody foresaw shows its stack and asks for a report', async () => {
    const { code, text } = await failing(new TypeError('x is undefined', { cause: new Error('below') }))
    expect(code).toBe(1)
    expect(text).toMatch(/^unexpected error: TypeError: x is undefined\n\s+at .*output\.test\.ts/)
    expect(text).toContain('caused by Error: below')
    expect(text).toContain('please report it')
    expect(describeError('a string')).toMatch(/^unexpected error: a string\n/)
  })

  test('DEBUG shows the stack and the cause of a foreseen error too', () => {
    const error = new SpanforgeError('cannot read', { cause: new Error('ENOENT') })
    expect(describeError(error, true)).toMatch(/SpanforgeError: cannot read\n\s+at [\s\S]*caused by Error: ENOENT/)
    expect(describeError(error, false)).toBe('error: cannot read')
  })

  test('success is exit code 0 and says nothing', async () => {
    const to = streams()
    expect(await exitCodeOf(async () => {}, to)).toBe(0)
    expect(textOf(to.stderr)).toBe('')
  })
})

describe('a reader that goes away', () => {
  test('is no error; a full disk is said once', () => {
    const to = streams()
    handleStreamErrors(to)
    expect(() => to.stdout.emit('error', Object.assign(new Error('broken'), { code: 'EPIPE' }))).not.toThrow()
    expect(textOf(to.stderr)).toBe('')
    for (let i = 0; i < 3; i++) to.stdout.emit('error', Object.assign(new Error('full'), { code: 'ENOSPC' }))
    expect(textOf(to.stderr)).toBe('error: standard output cannot be written (full): the output is incomplete\n')
    expect(process.exitCode).toBe(1)
    process.exitCode = undefined
  })

  test.skipIf(!existsSync('/dev/full'))(
    'a full disk under standard output is one sentence and exit code 1',
    async () => {
      const shell = '"$@" --help > /dev/full'
      const argv = ['-c', shell, 'sh', process.execPath, inject('cli')]
      const { status, stderr } = spawnSync('sh', argv, { encoding: 'utf8' })
      expect(stderr).toMatch(/^error: standard output cannot be written \(ENOSPC.*\): the output is incomplete\n$/)
      expect(status).toBe(1)
    },
  )

  test('a real pipe closed early leaves no trace on standard error, and the work goes on to its end', () => {
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
