/** child.mjs PROJECT: computes the tasks of standard input with the transformers.js that is installed in a folder. */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { compute } from './compute.mjs'

const library = createRequire(join(process.argv[2], 'package.json'))('@huggingface/transformers')
const results = []
for (const task of await json(process.stdin)) results.push(await compute(library, task))
process.stdout.write(JSON.stringify(results))
