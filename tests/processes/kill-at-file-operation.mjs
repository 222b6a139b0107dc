/** Preloaded with node --import. Kills its process before its write operation number KILL_AT, counted from 0. */
import promises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'

let left = Number(process.env.KILL_AT)

function counted(object, names) {
  for (const name of names) {
    const original = object[name]
    object[name] = function (...args) {
      if (left-- === 0) process.kill(process.pid, 'SIGKILL')
      return original.apply(this, args)
    }
  }
}

const file = await promises.open(process.execPath)
counted(Object.getPrototypeOf(file), ['write', 'sync'])
await file.close()
counted(promises, ['mkdir', 'rename', 'rm'])
syncBuiltinESMExports()
