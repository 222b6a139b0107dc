// Prints the folder of the model ann/bert of a hub, from a cache.
import { resolveModel } from '../../src/hub/download/models.ts'

const [endpoint, cache] = process.argv.slice(2)
const retry = { attempts: 1 }
console.log(await resolveModel('ann/bert', { endpoint, cache, token: '', retry, onNotice: console.log }))
process.exit()
