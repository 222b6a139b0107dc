import type { ChildProcess } from 'node:child_process'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { spanforge } from '../../../tests/cli.ts'
import { startKillable } from '../../../tests/killable-cli.ts'
import { runHere } from '../../../tests/run-here.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { tinyFolder } from '../../../tests/tiny-squad.ts'
import { tokensOf } from '../flags/serve.ts'

const TOKEN = 'correct-horse-battery-staple'
const asked = { question: 'who is in ro?', context: 'bo is in ro.' }

/** Resolves to the printed address of the server. */
const started = (child: ChildProcess): Promise<string> =>
  new Promise((resolve) => {
    let said = ''
    child.stdout!.on('data', (chunk) => {
      said += chunk
      const [, address] = /"address": "([^"]+)"/.exec(said) ?? []
      if (address) resolve(address)
    })
  })

/** Resolves when the log contains the text. */
const logged = (child: ChildProcess, words: RegExp): Promise<void> =>
  new Promise((resolve) => {
    let said = ''
    child.stderr!.on('data', (chunk) => {
      said += chunk
      if (words.test(said)) resolve()
    })
  })

describe('spanforge serve', () => {
  it('serves on a free port, reloads on SIGHUP and exits cleanly on SIGTERM', async () => {
    const statuses: number[] = []
    const { code, stdout, stderr } = await spanforge(
      ['serve', `one=${tinyFolder}`, `two=${tinyFolder}`, '--port', '0', '--json', '--token', TOKEN],
      {
        async meanwhile(child) {
          const address = await started(child)
          const headers = { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` }
          const ask = async (model: string, authorization = headers.authorization) => {
            const body = JSON.stringify({ ...asked, model })
            const response = await fetch(`${address}api/answer`, {
              method: 'POST',
              headers: { ...headers, authorization },
              body,
            })
            statuses.push(response.status)
          }
          await ask('one')
          await ask('two')
          await ask('three')
          await ask('one', 'Bearer wrong')
          const again = logged(child, /"model":"two","revision":"[0-9a-f]{16}",.*"msg":"model reloaded"/)
          child.kill('SIGHUP')
          await again
          await ask('two')
          child.kill('SIGTERM')
        },
      },
    )
    expect(statuses).toEqual([200, 200, 404, 401, 200])
    expect(JSON.parse(stdout)).toMatchObject({
      models: ['one', 'two'],
      address: expect.stringMatching(/^http:.*:\d+\/$/),
    })
    expect(stderr).toContain('"status":200')
    expect(stderr).not.toContain(asked.context)
    expect(stderr).not.toContain(TOKEN)
    expect(code).toBe(0)
  })

  it('keeps questions that survive a kill, in a file that no other server can use', async () => {
    const file = join(temporaryFolder(), 'questions.jsonl')
    const argv = ['serve', `tiny=${tinyFolder}`, '--port', '0', '--json', '--log_questions', file, '--log_below', '1']
    for (const round of [1, 2]) {
      const { child, closed } = startKillable(argv)
      const address = await started(child)
      for (let i = 0; i < 3; i++) {
        const body = JSON.stringify({ ...asked, question: `who is in ro? ${round} ${i}` })
        await fetch(`${address}api/answer`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
      }
      const other = await runHere('serve', tinyFolder, '--port', '0', '--log_questions', file)
      expect([other.code, other.stderr]).toEqual([1, expect.stringContaining(`${file}: in use by another run`)])
      child.kill('SIGKILL')
      await closed
      expect(readFileSync(file, 'utf8').match(/"question":"who is in ro\? /g)).toHaveLength(3 * round)
      appendFileSync(file, '{"type":"question","id":"torn')
    }
  })

  it('says what it keeps', async () => {
    const file = join(temporaryFolder(), 'questions.jsonl')
    const { stdout } = await spanforge(['serve', `tiny=${tinyFolder}`, '--port', '0', '--log_questions', file], {
      meanwhile(child) {
        let said = ''
        child.stdout!.on('data', (chunk) => {
          said += chunk
          if (said.includes('Press Ctrl-C')) child.kill('SIGTERM')
        })
      },
    })
    expect(stdout).toContain(`Questions with a confidence below 0.5 are kept in ${file}`)
    expect(stdout).toContain('tiny has no stored confidence')
  })

  it('exits cleanly on SIGTERM while a request is incomplete', async () => {
    let half: Socket | undefined
    const { code, stderr } = await spanforge(['serve', tinyFolder, '--port', '0', '--json', '--grace', '20'], {
      async meanwhile(child) {
        const { port } = new URL(await started(child))
        half = connect(Number(port), '127.0.0.1').on('error', () => {})
        const head = 'POST /api/answer HTTP/1.1\r\nHost: here\r\nContent-Length: 100\r\n'
        await new Promise((sent) => half!.write(head, sent))
        // Once this request is answered, the incomplete one has been read too.
        await fetch(`http://127.0.0.1:${port}/health`)
        child.kill('SIGTERM')
      },
    })
    half?.destroy()
    expect(stderr).not.toContain('still pending')
    expect(code).toBe(0)
  })

  it('exits after --grace seconds even if a response would take longer', async () => {
    const { code, stderr } = await spanforge(
      ['serve', tinyFolder, '--port', '0', '--json', '--grace', '1', '--batch_tokens', '1', '--max_windows', '100000'],
      {
        async meanwhile(child) {
          const address = await started(child)
          const body = JSON.stringify({
            questions: new Array(4).fill(asked.question),
            context: 'bo is in ro. '.repeat(9000),
          })
          const headers = { 'content-type': 'application/json' }
          const stream = await fetch(`${address}api/stream`, { method: 'POST', headers, body })
          child.kill('SIGTERM')
          await stream.text().catch(() => {})
        },
      },
    )
    expect(stderr).toContain('some requests were not answered within 1 seconds')
    expect(code).toBe(1)
  })

  it('explains what to do if the port is in use', async () => {
    const other = createServer()
    await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening))
    const { port } = other.address() as { port: number }
    const { code, stderr } = await runHere('serve', tinyFolder, '--port', String(port), '--log_level', 'silent')
    other.close()
    expect(code).toBe(2)
    expect(stderr).toMatch(/port \d+ of 127.0.0.1 is already in use\n {2}Choose another one with --port/)
  })

  it.each([
    [['nowhere/at/all'], 'nowhere/at/all: no such folder'],
    [[tinyFolder, tinyFolder], 'two models have the same id'],
    [[tinyFolder, '--port', '70000'], 'Expected a port from 0 to 65535'],
    [[tinyFolder, '--token', 'short'], 'a token of 5 characters, expected at least 16'],
    [[tinyFolder, '--cors', 'https://a.example', 'www.example.org'], 'Expected an origin such as https://example.org'],
    [[tinyFolder, '--cors', 'https://a.example/page'], 'Expected an origin such as https://example.org'],
    [[tinyFolder, '--log_level', 'loud'], 'Expected one of error'],
    [[tinyFolder, '--annotate', 'nowhere', '--host', '0.0.0.0'], 'they could read and change the project'],
    [[tinyFolder, '--annotate', 'nowhere', '--trust_proxy'], 'they could read and change the project'],
    [[tinyFolder, '--log_below', '50'], 'Expected a number from 0 to 1'],
    [[tinyFolder, '--log_questions', `${tinyFolder}/config.json`], 'not a question log'],
  ])('rejects %j', async (args, words) => {
    expect(await runHere('serve', ...args)).toMatchObject({ code: 2, stderr: expect.stringContaining(words) })
  })

  it('accepts tokens from flag, file and environment', async () => {
    const file = join(temporaryFolder(), 'tokens.txt')
    writeFileSync(file, `# ours\n${TOKEN}-1\n\n  ${TOKEN}-2  # of the crawler\n`)
    const tokens = await tokensOf(
      { token: [`${TOKEN}-0`], token_file: file },
      {
        SPANFORGE_TOKEN: `${TOKEN}-3,${TOKEN}-4`,
      },
    )
    expect(tokens).toEqual([0, 1, 2, 3, 4].map((n) => `${TOKEN}-${n}`))
    writeFileSync(file, '# none yet\n')
    await expect(tokensOf({ token_file: file }, {})).rejects.toThrow('found no token')
  })
})
