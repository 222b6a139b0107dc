import { createRequire } from 'node:module'
import type koffi from 'koffi'

/** OpenVINO needs a large stack, and oneDNN compiles code on the stack that it is called on. */
const STACK_BYTES = 8 * 2 ** 20

const require = createRequire(import.meta.url)
let ffi: typeof koffi | undefined

/** Called only when a native library may be there. Otherwise koffi is never loaded. */
export function loadKoffi(): typeof koffi {
  if (!ffi) {
    ffi = require('koffi') as typeof koffi
    // koffi cannot be configured after it has loaded a library, and another copy of this module may already have
    // configured it.
    if (ffi.config().sync_stack_size !== STACK_BYTES)
      ffi.config({ sync_stack_size: STACK_BYTES, async_stack_size: STACK_BYTES })
  }
  return ffi
}
