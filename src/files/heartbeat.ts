import { Worker } from 'node:worker_threads'
import { renewLock } from './lock-file.ts'

/** Renews locks from a separate thread, because a training step may block the main thread for minutes. */
class Heartbeat {
  private readonly beats = new Map<string, { readonly text: string; readonly interval: number }>()
  private worker: Worker | undefined

  start(path: string, text: string, interval: number): void {
    this.beats.set(path, { text, interval })
    this.update()
  }

  stop(path: string): void {
    this.beats.delete(path)
    this.update()
  }

  private update(): void {
    if (this.beats.size === 0) {
      this.worker?.terminate()
      this.worker = undefined
      return
    }
    this.worker ??= startThread()
    this.worker.postMessage([...this.beats].map(([path, beat]) => ({ path, ...beat })))
  }
}

/** The code is passed as a string, so that bundles need no separate file and no TypeScript loader is required. */
function startThread(): Worker {
  const code = `
    const fs = require('node:fs')
    const renewLock = ${renewLock.toString()}
    let timers = []
    require('node:worker_threads').parentPort.on('message', (beats) => {
      timers.forEach(clearInterval)
      timers = beats.map(({ path, text, interval }) => setInterval(() => renewLock(fs, path, text), interval))
    })`
  const worker = new Worker(code, { eval: true, execArgv: [], name: 'lock heartbeat' })
  // Without the thread, a lock is still renewed whenever its holder checks it.
  worker.on('error', () => {})
  worker.unref()
  return worker
}

export const heartbeat = new Heartbeat()
