import { spawnSync } from 'node:child_process'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { packageFile } from '../src/package-root.ts'
import { temporaryFolder } from './temporary-folder.ts'

test('the command that npm links says how to compile what it starts', () => {
  const folder = temporaryFolder()
  cpSync(packageFile('bin'), join(folder, 'bin'), { recursive: true })
  const { status, stderr } = spawnSync(process.execPath, [join(folder, 'bin/spanforge.mjs'), '--help'], {
    encoding: 'utf8',
  })
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: 'spanforge is not compiled yet.\n  Run: npm run setup\n',
  })
})
