#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { answerCommand } from './answer.ts'
import { cacheCommand } from './cache.ts'
import { dataCommand } from './data.ts'
import { downloadCommand } from './download.ts'
import { evaluateCommand } from './evaluate.ts'
import { inspectCommand } from './inspect.ts'
import { exitCodeOf, ignoreBrokenPipes } from './output.ts'
import { pushCommand } from './push.ts'
import { trainCommand } from './train.ts'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))

const program = new Command('spanforge')
  .description('Fine-tune BERT for extractive question answering, without Python.')
  .version(version, '-V, --version')
  .addCommand(inspectCommand())
  .addCommand(dataCommand())
  .addCommand(trainCommand())
  .addCommand(evaluateCommand())
  .addCommand(answerCommand())
  .addCommand(downloadCommand())
  .addCommand(cacheCommand())
  .addCommand(pushCommand())

ignoreBrokenPipes()
for (const command of everyCommand(program)) command.exitOverride()

const code = await exitCodeOf(async () => {
  try {
    await program.parseAsync()
  } catch (error) {
    // Commander has printed its own message, or the help that was asked for.
    if (!(error instanceof CommanderError)) throw error
    process.exitCode = error.exitCode === 0 ? 0 : 2
  }
})
if (code !== 0) process.exitCode = code

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap(everyCommand)]
}
