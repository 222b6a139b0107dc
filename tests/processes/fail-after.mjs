/**
 * Preloaded with node --import. Makes its process fail once the file FAIL_AFTER exists: in its next call of a thread, as
 * if a device were lost, or with FAIL_AT=once, in a callback that nothing awaits.
 */
import { existsSync } from 'node:fs'
import { isMainThread, Worker } from 'node:worker_threads'

const { FAIL_AFTER, FAIL_AT } = process.env

function failIfDue() {
  if (existsSync(FAIL_AFTER)) throw new Error('the device was lost')
}

if (isMainThread && FAIL_AT === 'once') setInterval(failIfDue, 5)
else if (isMainThread) {
  const { postMessage } = Worker.prototype
  Worker.prototype.postMessage = function (...args) {
    failIfDue()
    return postMessage.apply(this, args)
  }
}
