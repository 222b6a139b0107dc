/**
 * The recipes of CONTRIBUTING.md, carried out: their code blocks are applied to a copy of the repository, which is
 * compiled, and their commands are run there.
 */
import { execFile, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { marked, type Token, type Tokens } from 'marked'
import { afterAll, describe, expect, test } from 'vitest'
import { packageFile } from '../src/package-root.ts'
import { fixture } from './fixture.ts'
import { files, read } from './source-tree.ts'
import { exhaustiveOr, isThorough } from './thorough.ts'

interface Block {
  readonly language: 'ts' | 'diff' | 'sh'
  /** The file that it creates or changes. */
  readonly path: string
  readonly text: string
}

interface Recipe {
  readonly title: string
  readonly blocks: readonly Block[]
}

/** How many files a change of each kind may touch, those that a command writes not counted. */
const LIMITS: Readonly<Record<string, number>> = {
  'Add an operator': 3,
  'Add a model': 3,
  'Add a training argument': 3,
  'Add an engine': 3,
  'Add a source of gradients': 2,
  'Add a command': 3,
}

const recipes = readRecipes(read('CONTRIBUTING.md')).filter(({ title }) => title in LIMITS)

function readRecipes(page: string): Recipe[] {
  const recipes: (Recipe & { blocks: Block[] })[] = []
  for (const token of marked.lexer(page)) {
    if (token.type === 'heading') recipes.push({ title: token.text, blocks: [] })
    if (token.type === 'list')
      for (const step of (token as Tokens.List).items) recipes.at(-1)?.blocks.push(...blocksOf(step.tokens))
  }
  return recipes
}

/** A whole file is the first that its step names; changed lines belong to the file named last before them. */
function blocksOf(step: readonly Token[]): Block[] {
  const named: string[] = []
  return step.flatMap((token) => {
    if (token.type === 'code') {
      const { lang, text } = token as Tokens.Code
      return [{ language: lang as Block['language'], path: lang === 'ts' ? named[0] : named.at(-1)!, text }]
    }
    named.push(...[...token.raw.matchAll(/`([\w./-]+\/[\w.-]+\.\w+)`/g)].map(([, path]) => path))
    return []
  })
}

function apply(root: string, { language, path, text }: Block): void {
  const file = join(root, path)
  if (language === 'ts') {
    expect(existsSync(file), `${path} is to be created`).toBe(false)
    writeFileSync(file, `${text}\n`)
    return
  }
  const lines = text.split('\n')
  const without = (mark: string) => lines.filter((line) => !line.startsWith(mark)).map((line) => line.slice(1))
  const [before, after] = [without('+').join('\n'), without('-').join('\n')]
  const content = `\n${readFileSync(file, 'utf8')}`
  const found = [...content.matchAll(patternOf(before))]
  expect(found.length, `${path} contains once:\n${before}`).toBe(1)
  const [{ 0: old, index }] = found
  const left = found[0].slice(1)
  const changed = after.replaceAll('…', () => left.shift()!)
  writeFileSync(file, (content.slice(0, index) + changed + content.slice(index + old.length)).slice(1))
}

/** Matches whole lines, regardless of how the formatter wraps a list. `…` matches any text. */
function patternOf(lines: string): RegExp {
  const parts = lines.split('…').map((part) =>
    part
      .replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')
      .replaceAll(/\s+/g, '\\s+')
      .replaceAll('\\[', '\\[\\s*'),
  )
  return new RegExp(`(?<=\\n)${parts.join('([\\s\\S]*?)')}(?=\\n)`, 'g')
}

/** The repository with all recipes applied. */
function copyWithRecipes(): string {
  const root = mkdtempSync(join(tmpdir(), 'spanforge-recipes-'))
  for (const path of files) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    cpSync(packageFile(path), join(root, path))
  }
  symlinkSync(packageFile('node_modules'), join(root, 'node_modules'))
  for (const { blocks } of recipes)
    for (const block of blocks.filter(({ language }) => language !== 'sh')) apply(root, block)
  cpSync(fixture('recipes/megatron-bert'), join(root, 'tests/fixtures/tiny/megatron-bert'), { recursive: true })
  return root
}

/** A Python that has torch and transformers: SPANFORGE_PYTHON, or python3. Without it the record of the model is copied. */
const python = process.env.SPANFORGE_PYTHON ?? 'python3'
const hasTransformers = isThorough && spawnSync(python, ['-c', 'import torch, transformers']).status === 0

/** Without what this run of vitest sets, and without engines and data that the tests must find. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^(VITEST|SPANFORGE_(REQUIRE|THOROUGH)|OPENVINO)|^NODE_ENV$/.test(name),
  ),
)

const runIn = (cwd: string) => async (command: string) => {
  const { stdout } = await promisify(execFile)('bash', ['-c', command], { cwd, env: environment }).catch((error) => {
    throw new Error(`${command}: exit code ${error.code}\n${error.stdout}\n${error.stderr}`)
  })
  return stdout
}

test.each(Object.entries(LIMITS))('%s: %i files', (title, limit) => {
  const recipe = recipes.find((known) => known.title === title)
  const touched = recipe?.blocks.filter(({ language }) => language !== 'sh').map(({ path }) => path)
  expect(new Set(touched).size).toBe(limit)
})

describe('The recipes of CONTRIBUTING.md, applied to a copy', () => {
  const root = copyWithRecipes()
  const run = runIn(root)
  afterAll(() => rmSync(root, { recursive: true }))

  test.runIf(isThorough)('pass npm run check', async () => {
    // The other projects of `npm run check` have the same sources or the page's, which the recipes leave alone.
    const check = exhaustiveOr('npm run check', 'npx tsc --noEmit -p . && npx biome check .')
    await run(`npx biome check --write src tests && ${check}`)
  })

  const commands = recipes.flatMap(({ title, blocks }) =>
    blocks.filter(({ language }) => language === 'sh').map(({ text }) => [title, text]),
  )
  test.runIf(isThorough).each(commands)('%s: %s', async (_, command) => {
    if (!command.startsWith('python ')) {
      const output = await run(command)
      if (command.includes('vitest')) expect(output).toMatch(/ Tests .*passed/)
    } else if (hasTransformers) await run(command.replace('python', python))
  })
})
