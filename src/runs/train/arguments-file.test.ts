import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { readConfigurationFile } from './arguments-file.ts'
import { readArguments } from './read-arguments.ts'

function file(name: string, text: string): string {
  const path = join(temporaryFolder(), name)
  writeFileSync(path, text)
  return path
}

describe('a file of arguments', () => {
  it.each([
    ['a.json', '\ufeff{"$schema": "x.json", "learning_rate": 3e-5, "eval_strategy": "no"}'],
    ['a.json', '{\r\n  // as in the paper\r\n  "learning_rate": 3e-5, /* and */ "eval_strategy": "no",\r\n}\r\n'],
    ['a.jsonc', '// first\n{"learning_rate": 3e-5, "eval_strategy": "no"}'],
    ['a.yaml', '# as in the paper\nlearning_rate: 3e-5\neval_strategy: no\n'],
    ['a.yml', '$schema: x.json\n{learning_rate: 3.0e-5, eval_strategy: "no"}'.replace(/^.*\n/, '')],
    ['a.conf', 'learning_rate: 3e-5\neval_strategy: no\n'],
  ])('is read: %s %j', async (name, text) => {
    const path = file(name, text)
    expect((await readConfigurationFile(path)).values).toEqual({ learning_rate: 3e-5, eval_strategy: 'no' })
    expect(await readArguments({ seed: 7 }, { args_file: path })).toMatchObject({ learning_rate: 3e-5, seed: 7 })
  })

  it.each([
    ['a.json', '{\n  "learning_rate": 3e-5\n  "seed": 1\n}', /a\.json: line 3, column 3: comma expected/],
    ['a.json', '{\n  "seed": 1,\n  "seed": 2\n}', /a\.json: line 3, column 3: seed is given twice/],
    ['a.json', '{"seed": 1', /a\.json: line 1, column 11: close brace expected/],
    ['a.json', '{"seed": True}', /a\.json: line 1, column 10: invalid symbol/],
    ['a.json', '[1]', /a\.json: expected an object of arguments/],
    ['a.json', '', /a\.json: line 1, column 1: /],
    [
      'a.json',
      '{\n  "seed": 1,\n  "lerning_rate": 1\n}',
      /line 3, column 19: lerning_rate: unknown argument; did you mean learning_rate/,
    ],
    [
      'a.yaml',
      'seed: 1\nlearning_rate: fast\n',
      /a\.yaml: line 2, column 16: learning_rate: found "fast", expected a number above 0/,
    ],
    ['a.yaml', 'seed: 1\n  learning_rate: 2\n', /a\.yaml: line \d, column \d+: /],
    ['a.yaml', 'seed: 1\nseed: 2\n', /a\.yaml: line 2, column 1: seed is given twice/],
    ['a.yaml', 'seed: 1\nparameters:\n  a: 1\n  a: 2\n', /a\.yaml: line 4, column 3: a is given twice/],
    ['a.yaml', '- seed\n', /a\.yaml: expected an object of arguments/],
    ['a.yaml', 'seed:\n\t1\n', /a\.yaml: line 2, column 1: /],
  ])('is rejected with line and column: %s %j', async (name, text, message) => {
    await expect(readArguments({}, { args_file: file(name, text) })).rejects.toThrow(message)
  })

  it.each([
    ['a.yaml', '- '.repeat(60_000)],
    ['a.yaml', '? '.repeat(60_000)],
    ['a.yaml', '- ? '.repeat(30_000)],
    ['a.yaml', Array.from({ length: 200 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
    ['a.yaml', `a: 5"\nb: ${'['.repeat(100_000)}`],
    ['a.yaml', '[{a: '.repeat(20_000)],
    ['a.json', '{"a": '.repeat(20_000)],
    ['a.json', `// "\n${'['.repeat(100_000)}`],
    ['a.jsonc', `/* " */ {"a": ${'['.repeat(100_000)}`],
  ])('is rejected before parsing if it is nested too deeply: %s %.20j', async (name, text) => {
    const message = /line \d+, column \d+: nested deeper than 100 levels/
    await expect(readConfigurationFile(file(name, text))).rejects.toThrow(message)
  })

  it.each([
    ['a.yaml', `a: |\n${'  - - - - - - - -\n'.repeat(50)}`],
    ['a.yaml', Array.from({ length: 300 }, (_, i) => `k${i}:\n- [a, "[[[", '{']\n- b: {c: 1}`).join('\n')],
    ['a.json', `{"a": [${Array(300).fill('"[", [], {}')}]} // ${'['.repeat(300)}`],
  ])('is read if it only seems to be nested deeply: %s %.20j', async (name, text) => {
    await expect(readConfigurationFile(file(name, text))).resolves.toBeDefined()
  })

  it.each([
    ['a.yaml', (key: string) => `${key}: 1\n`],
    ['a.json', (key: string, index: number) => `${index ? ',' : '{'}"${key}":1${index === 9999 ? '}' : ''}`],
  ])('with 10,000 names is read in linear time: %s', async (name, line) => {
    const text = Array.from({ length: 10_000 }, (_, index) => line(`k${index}`, index)).join('')
    const before = process.cpuUsage()
    const { values } = await readConfigurationFile(file(name, text))
    const { user, system } = process.cpuUsage(before)
    expect(Object.keys(values)).toHaveLength(10_000)
    expect((user + system) / 1e6).toBeLessThan(1.5)
  })

  it('is rejected if its aliases form a long chain', async () => {
    const chain = Array.from({ length: 3000 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}]`).join('\n')
    await expect(readConfigurationFile(file('a.yaml', `a0: &a0 [x]\n${chain}\n`))).rejects.toThrow(/100 aliases/)
  })

  it('is rejected if it does not exist or if its aliases expand exponentially', async () => {
    await expect(readConfigurationFile(join(temporaryFolder(), 'no.json'))).rejects.toThrow(/no\.json: does not exist/)
    const levels = Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`)}]`)
    const bomb = `a0: &a0 [x]\n${levels.join('\n')}\n`
    await expect(readConfigurationFile(file('a.yaml', bomb))).rejects.toThrow(/alias/i)
  })
})
