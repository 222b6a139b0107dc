// Downloads a model when told to, and says where it lies: for tests that end it in the middle.
import { once } from 'node:events'
import { resolveModel } from '../src/hub/models.ts'

await once(process.stdin, 'data')
console.log(await resolveModel(process.argv[2]))
process.exit()
