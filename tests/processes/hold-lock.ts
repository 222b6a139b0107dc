/** Takes the lock of a folder and holds it until it is killed: for run-lock.test.ts. */
import { acquireRunLock } from '../../src/training/run-lock.ts'

acquireRunLock(process.argv[2])
console.log('held')
setInterval(() => {}, 1000)
