import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
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
      /line 3, column 19: lerning_rate: no such argument; did you mean learning_rate/,
    ],
    [
      'a.yaml',
      'seed: 1\nlearning_rate: fast\n',
      /a\.yaml: line 2, column 16: learning_rate: found "fast", expected a number above 0/,
    ],
    ['a.yaml', 'seed: 1\n  learning_rate: 2\n', /a\.yaml: line \d, column \d+: /],
    ['a.yaml', 'seed: 1\nseed: 2\n', /a\.yaml: line 2, column 1: Map keys must be unique/],
    ['a.yaml', '- seed\n', /a\.yaml: expected an object of arguments/],
    ['a.yaml', 'seed:\n\t1\n', /a\.yaml: line 2, column 1: /],
  ])('is refused by line and column: %s %j', async (name, text, message) => {
    await expect(readArguments({}, { args_file: file(name, text) })).rejects.toThrow(message)
  })

  it('that is not there, or whose aliases never end, is refused', async () => {
    await expect(readConfigurationFile(join(temporaryFolder(), 'no.json'))).rejects.toThrow(/no\.json: does not exist/)
    const levels = Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`)}]`)
    const bomb = `a0: &a0 [x]\n${levels.join('\n')}\n`
    await expect(readConfigurationFile(file('a.yaml', bomb))).rejects.toThrow(/alias/i)
  })
})
