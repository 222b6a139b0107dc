import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { ARGUMENTS_FILE } from '../run-files.ts'
import { prepareDemo } from './demo.ts'

it('replaces an earlier demonstration and nothing else', async () => {
  const folder = temporaryFolder()
  const { args } = await prepareDemo(folder)
  await prepareDemo(folder)
  mkdirSync(args.output_dir)
  const save = (changed: object) =>
    writeFileSync(join(args.output_dir, ARGUMENTS_FILE), JSON.stringify({ ...args, ...changed }))
  save({})
  writeFileSync(args.train_file!, 'of another version')
  await prepareDemo(folder)
  expect(readFileSync(args.train_file!, 'utf8')).not.toBe('of another version')

  save({ train_file: 'squad.json' })
  await expect(prepareDemo(folder)).rejects.toThrow('contains a run that is not a demonstration')
  const other = temporaryFolder()
  mkdirSync(join(other, 'data'))
  writeFileSync(join(other, 'data/train.json'), 'mine')
  await expect(prepareDemo(other)).rejects.toThrow('train.json: already exists')
})
