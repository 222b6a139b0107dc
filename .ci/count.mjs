/**
 * Prints "N passed, N failed, N skipped" from vitest's JSON report.
 *
 *     node .ci/count.mjs REPORT STATUS
 *
 * STATUS is the exit status so far. Fails where that was not 0, where a test failed, and where none ran.
 */
import { readFileSync } from 'node:fs'

const [path, status] = process.argv.slice(2)
const text = readFileSync(path, 'utf8')
const { testResults: files = [] } = text ? JSON.parse(text) : {}

const count = (...states) =>
  files.flatMap((file) => file.assertionResults).filter((test) => states.includes(test.status)).length
const passed = count('passed')
const skipped = count('skipped', 'pending', 'todo', 'disabled')
// A file that could not be read holds no test that could fail; what stopped the run before its tests fails for all.
const unread = files.filter(
  (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
).length
const failed = count('failed') + unread || (Number(status) ? 1 : 0)

if (passed + failed === 0) console.error('No test ran.')
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
process.exitCode = Number(status) === 0 && failed === 0 && passed > 0 ? 0 : 1
