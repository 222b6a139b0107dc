// Downloads a model and says where it lies: for tests that end it in the middle.
import { resolveModel } from '../src/hub/models.ts'

console.log(await resolveModel(process.argv[2]))
