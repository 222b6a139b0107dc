/** Saves checkpoints to a folder until it is killed, for checkpoint-store.test.ts. */
import { writeFileSync } from 'node:fs'
import {
  newestWhole,
  recoverCheckpoints,
  rotateCheckpoints,
  writeCheckpoint,
} from '../../src/training/checkpoints/checkpoint-store.ts'
import { acquireRunLock } from '../../src/training/checkpoints/run-lock.ts'

const output_dir = process.argv[2]
await acquireRunLock(output_dir)
await recoverCheckpoints(output_dir)
const { folder } = await newestWhole(output_dir)
console.log(`resumed ${folder?.match(/\d+$/) ?? 0}`)
for (let step = Number(folder?.match(/\d+$/) ?? 0) + 1; ; step++) {
  const content = `${step} `.repeat(20_000)
  const write = (path: string): void => writeFileSync(path, content)
  // Each step is saved twice, so that the replacement of a checkpoint can be interrupted as well.
  for (let time = 0; time < 2; time++)
    await writeCheckpoint(output_dir, step, [
      { name: 'a.bin', write },
      { name: 'b.bin', write },
    ])
  await rotateCheckpoints(output_dir, { save_total_limit: 2, newest: step, best: null })
  console.log(`saved ${step}`)
}
