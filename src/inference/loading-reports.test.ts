/** Checkpoints of other tasks, of every architecture, loaded as question-answering models. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fixtureJson } from '../../tests/fixture.ts'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { writeSafetensors } from '../checkpoint/safetensors-writer.ts'
import { loadPretrained } from './pretrained.ts'

interface Recorded {
  readonly class: string
  readonly config: object
  /** Shapes by name. */
  readonly tensors: Readonly<Record<string, readonly number[]>>
  readonly missing?: readonly string[]
  readonly unexpected?: readonly string[]
  readonly error?: string
}

const recorded = fixtureJson<readonly Recorded[]>('tiny/loading-reports.json')

/** Writes a checkpoint in which all values of a tensor are its index, from 1. */
async function writeCheckpoint({ config, tensors }: Recorded): Promise<string> {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config))
  const filled = Object.entries(tensors).map(([name, shape], i) => {
    const data = new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(i + 1)
    return { name, shape, data }
  })
  await writeSafetensors(join(folder, 'model.safetensors'), filled)
  return folder
}

describe('are loaded with the report of transformers', () => {
  test.each(recorded.filter(({ error }) => !error).map((one) => [one.class, one] as const))('%s', async (_, one) => {
    const { model, report } = await loadPretrained(await writeCheckpoint(one))
    expect(report).toEqual({ missing: one.missing, unexpected: one.unexpected, mismatched: [] })
    const stored = Object.keys(one.tensors)
    for (const { name } of model.parameters.entries) {
      if (report.missing.includes(name)) continue
      const place = stored.findIndex((key) => name === key || name.endsWith(`.${key}`))
      expect(new Set(model.parameters.view(name)), name).toEqual(new Set([place + 1]))
    }
  })
})

test.each(recorded.filter(({ error }) => error).map((one) => [one.class, one] as const))(
  '%s is rejected, as in transformers: its classifier has another size',
  async (_, one) => {
    const folder = await writeCheckpoint(one)
    await expect(loadPretrained(folder)).rejects.toThrow(/classifier\.weight: found shape \[1, 8\], expected \[2, 8\]/)
  },
)
