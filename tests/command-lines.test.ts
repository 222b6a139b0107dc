import type { Command } from 'commander'
import { expect, test } from 'vitest'
import { shownFlags } from '../src/cli/flags/spelling.ts'
import { createProgram } from '../src/cli/program.ts'
import { files, prose, read } from './source-tree.ts'

interface Line {
  readonly page: string
  readonly text: string
}

/** All command lines of spanforge in the code blocks of README and docs, with continuation lines joined. */
const lines: readonly Line[] = files
  .filter((path) => path === 'README.md' || /^docs\/.*\.md$/.test(path))
  .flatMap((page) =>
    [...read(page).matchAll(/^```[a-z]*\n([\s\S]*?)^```/gm)].flatMap(([, block]) =>
      block
        .replace(/\\\n/g, ' ')
        .split('\n')
        .filter((text) => /^\$? *(npx )?spanforge [a-z]/.test(text))
        .map((text) => ({ page, text: text.replace(/ #.*/, '') })),
    ),
  )

/** The unknown commands and flags in a command line. */
const program = await createProgram()

function fault({ text }: Line): string | undefined {
  const words = text.split(/\s+/).slice(text.split(/\s+/).indexOf('spanforge') + 1)
  let command: Command = program
  for (const word of words) {
    const next = command.commands.find((one) => one.name() === word)
    if (!next) break
    command = next
  }
  if (command.name() === 'spanforge') return `no command ${words[0]}`
  const known = new Set(
    command.options.flatMap(({ long, short }) => [long && shownFlags(long), short]).concat('--help'),
  )
  const flags = words.map((word) => word.replace(/^\[|\]$/g, '').split('=')[0]).filter((word) => /^--?[a-z]/.test(word))
  const unknown = flags.find((flag) => !known.has(flag))
  return unknown && `spanforge ${command.name()} has no ${unknown}`
}

test('every command line in README and docs uses existing commands and flags', () => {
  expect(lines.length).toBeGreaterThan(15)
  const wrong = lines.flatMap((line) => {
    const found = fault(line)
    return found ? [`${line.page}: ${line.text}: ${found}`] : []
  })
  expect(wrong).toEqual([])
})

test('every page that README and docs link to exists', () => {
  const missing = files
    .filter((path) => path.endsWith('.md') && !path.startsWith('tests/'))
    .flatMap((page) =>
      [...prose(page).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].flatMap(([, link]) => {
        const path = new URL(link, `file:///${page}`).pathname.slice(1).replace(/\/$/, '')
        return files.some((file) => file === path || file.startsWith(`${path}/`)) ? [] : [`${page}: ${link}`]
      }),
    )
  expect(missing).toEqual([])
})
