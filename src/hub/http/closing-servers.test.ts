import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { addressOf, type Closing, closingHub } from '../../../tests/closing-hub.ts'
import { BERT, bytes } from '../../../tests/hub-world.ts'
import { startScript } from '../../../tests/script.ts'
import { thoroughOr } from '../../../tests/thorough.ts'

const FILES = { ...BERT, 'model.safetensors': bytes(3_000_000) }
const TIMES = thoroughOr(67, 6)

/** Runs in a separate process, because the fault would be that the process exits too early. */
test.each<Closing>(['HTTP/1.1 with Connection: close', 'HTTP/1.0 with a length', 'HTTP/1.0 without a length'])(
  'every download from a server that speaks %s succeeds',
  { timeout: 180_000 },
  async (closing) => {
    const server = await closingHub(FILES, closing)
    onTestFinished(() => void server.close())
    const script = startScript('download-often', addressOf(server), String(TIMES))
    const [printed, [code]] = await Promise.all([text(script.stdout), once(script, 'exit')])
    expect({ code, done: printed.trim() }).toEqual({ code: 0, done: String(TIMES) })
  },
)
