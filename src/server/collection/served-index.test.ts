import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { smallCollection } from '../../../tests/small-collection.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { ServedIndex } from './served-index.ts'

test('an index that is overwritten is a fault of the server, whose paths no client sees', async () => {
  const folder = await smallCollection(temporaryFolder())
  const index = await ServedIndex.open(folder)
  onTestFinished(() => index.end())
  const file = join(folder, 'index.db')
  writeFileSync(file, Buffer.alloc(statSync(file).size, 'x'), { flag: 'r+' })
  const error = await index.search('who was in the sea?', { passages: 3 }).catch((error) => error)
  expect(error).toMatchObject({ status: 500, more: { remedy: expect.stringContaining('SIGHUP') } })
  expect(`${error.message} ${error.more.remedy}`).not.toContain(folder)
  expect(error.more.cause.message).toContain('index.db')
})
