import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fixture } from '../../../tests/fixture.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { exhaustiveOr, thoroughOr } from '../../../tests/thorough.ts'
import { SpanforgeError } from '../../errors.ts'
import { random } from '../../random/random.ts'
import { readExamples } from '../read-examples.ts'

/** Files with the distance between the words to corrupt: those of Arrow are aligned. */
const FILES: [name: string, step: number][] = [
  ['saved-datasets/shards/data-00000-of-00002.arrow', 4],
  ['saved-datasets/plain.arrow', 4],
  ['saved-datasets/large/data-00000-of-00001.arrow', 4],
  ['workbooks/openpyxl.xlsx', 32],
]

/** Replaces one word of a file at a time, including lengths, counts and offsets, with a very large number. */
function* withLargeNumbers(whole: Buffer, step: number): Generator<Buffer> {
  for (let at = 0; at + 4 <= whole.length; at += step) {
    const bytes = Buffer.from(whole)
    bytes.writeInt32LE(0x7f00_0000, at)
    yield bytes
  }
}

/** Changes up to four bytes, or truncates the file. */
function* corrupted(whole: Buffer): Generator<Buffer> {
  for (let round = 0; round < thoroughOr(2000, 100); round++) {
    const draw = random(round, 'corrupted binaries')
    const bytes = Buffer.from(whole)
    for (let count = round % 4; count >= 0; count--) bytes[draw.below(bytes.length)] = draw.below(256)
    yield round % 5 === 0 ? bytes.subarray(0, draw.below(bytes.length)) : bytes
  }
}

test.each(FILES)(
  '%s with damage anywhere is read or rejected with an error, without filling the memory',
  async (name, step) => {
    const whole = readFileSync(fixture(name))
    const path = join(temporaryFolder(), name.replaceAll('/', '-'))
    const outcomes = { read: 0, rejected: 0 }
    for (const bytes of [
      ...withLargeNumbers(whole, exhaustiveOr(1, thoroughOr(step, 4 * step))),
      ...corrupted(whole),
    ]) {
      writeFileSync(path, bytes)
      const found = await readExamples(path).catch((error) => error)
      if (!Array.isArray(found)) expect(found).toBeInstanceOf(SpanforgeError)
      outcomes[Array.isArray(found) ? 'read' : 'rejected']++
    }
    expect(Math.min(outcomes.read, outcomes.rejected)).toBeGreaterThan(0)
  },
)
