// Downloads a model on request and prints its path, for tests that kill this process during the download.
import { once } from 'node:events'
import { resolveModel } from '../src/hub/download/models.ts'

await once(process.stdin, 'data')
console.log(await resolveModel(process.argv[2]))
process.exit()
