import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { parseArguments } from '../../training/arguments/arguments.ts'
import { differences } from './resume.ts'

test('an argument that a run decides itself is not a difference, and another value of it is', async () => {
  const folder = temporaryFolder()
  const args = parseArguments({ device: 'cpu', fp16: false, max_seq_length: 64 }, 'test')
  writeFileSync(join(folder, 'training_args.json'), JSON.stringify(args))
  expect(await differences(folder, { ...args, device: null, fp16: null, max_seq_length: null })).toEqual([])
  expect(await differences(folder, { ...args, fp16: true })).toEqual(['fp16 true (was false)'])
})
