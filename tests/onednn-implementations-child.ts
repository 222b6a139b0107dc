/** Prints the names of oneDNN's implementations that compute small models of each architecture. Arguments: sizes as JSON. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { windowLosses } from '../src/inference/logits.ts'
import { randomModel } from '../src/inference/pretrained.ts'
import { MODEL_TYPES } from '../src/models/registry.ts'
import type { Engine } from '../src/runtime/engine.ts'
import { openEngine } from '../src/runtime/registry.ts'
import { batchGradient, recordedMasks } from './batch-gradient.ts'
import { type Sizes, smallBatch, smallConfig, smallWindows } from './small-families.ts'

const [sizes, folder]: [readonly Sizes[], string] = JSON.parse(process.argv[2])

/** One needs padding to a multiple of 16, and the other does as well, but to another length. */
const LENGTHS = [51, 22]

type Profile = Readonly<Record<string, { readonly implementations?: readonly string[] }>>

const onednn = await openEngine('onednn')
for (const precision of onednn.precisions)
  for (const type of MODEL_TYPES)
    for (const size of sizes) {
      const profilePrefix = join(folder, 'profile')
      const compile: Engine['compile'] = (graph, options) =>
        onednn.compile(graph, { ...options, precision, profilePrefix })
      const model = randomModel(smallConfig(type, size), { engine: { ...onednn, compile, lanes: 1 } })
      await batchGradient(model, smallBatch(LENGTHS), LENGTHS.length, recordedMasks)
      await windowLosses(model, smallWindows(LENGTHS))
      await model.release()
      const profile: Profile = JSON.parse(readFileSync(`${profilePrefix}_0.json`, 'utf8'))
      for (const [name, { implementations = [] }] of Object.entries(profile))
        for (const implementation of implementations)
          console.log(`${precision} ${type} ${size.hidden}: ${name}: ${implementation}`)
    }
