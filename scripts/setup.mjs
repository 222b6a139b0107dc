/**
 * Prepares a fresh clone; does nothing if it is already prepared. Checks the Node version, installs the packages of
 * package-lock.json, and compiles src/ to dist/ and web/ to dist/web/. Must not use packages, because it runs before
 * they are installed.
 *
 *     node scripts/setup.mjs
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const at = (...path) => join(root, ...path)
const readJson = (path) => JSON.parse(readFileSync(at(path), 'utf8'))

checkNode(readJson('package.json').engines.node)
if (!packagesInstalled()) {
  say('Installing packages (npm ci)')
  run('npm', ['ci', '--include=dev', '--loglevel=error'])
}
const sources = digestOfSources()
if (builtFrom() !== sources) {
  say('Compiling src/ and web/ to dist/ (about half a minute)')
  build(sources)
  say('Ready: npx spanforge --help')
}

function checkNode(range) {
  const wanted = range.replace('>=', '').split('.').map(Number)
  const found = process.versions.node.split('.').map(Number)
  if (found[0] > wanted[0] || (found[0] === wanted[0] && found[1] >= wanted[1])) return
  fail(
    `spanforge requires Node ${range}, but this is Node ${process.versions.node}.\n  Download it from https://nodejs.org.`,
  )
}

/** Whether node_modules matches the lock file; npm writes its own list there after installing. */
function packagesInstalled() {
  if (!existsSync(at('node_modules/.package-lock.json'))) return false
  const locked = readJson('package-lock.json').packages
  const installed = readJson('node_modules/.package-lock.json').packages
  const same = (path) => installed[path].integrity === locked[path]?.integrity
  const leftOut = (path) => path !== '' && !installed[path] && !locked[path].optional
  return Object.keys(installed).every(same) && !Object.keys(locked).some(leftOut)
}

/** Digest of the names and contents of all compiler inputs, because modification times are not reliable in a clone. */
function digestOfSources() {
  const inside = (folder) => readdirSync(at(folder), { recursive: true }).map((file) => join(folder, file))
  const files = [
    ...inside('src').filter((file) => file.endsWith('.ts') && !/\.(test|as)\.ts$/.test(file)),
    ...inside('web').filter((file) => /\.(tsx?|js|css|html|svg|json|txt)$/.test(file)),
  ]
  const digest = createHash('sha256')
  const settings = ['scripts/build-site.mjs', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json']
  for (const file of [...files.sort(), ...settings])
    digest
      .update(`${file}\0`)
      .update(readFileSync(at(file)))
      .update('\0')
  return digest.digest('hex')
}

function builtFrom() {
  return existsSync(at('dist/.built-from')) ? readFileSync(at('dist/.built-from'), 'utf8') : undefined
}

/** Compiles to a folder next to dist/ and then replaces dist/, so that a failed build keeps the previous one. */
function build(sources) {
  rmSync(at('dist.new'), { recursive: true, force: true })
  run(process.execPath, [at('node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json', '--outDir', 'dist.new'])
  run(process.execPath, [
    at('node_modules/vite/bin/vite.js'),
    ...['build', '--config', at('web/vite.config.ts'), '--outDir', at('dist.new/web'), '--logLevel', 'warn'],
  ])
  run(process.execPath, [at('scripts/build-site.mjs'), at('dist.new/web')])
  chmodSync(at('dist.new/cli/main.js'), 0o755)
  writeFileSync(at('dist.new/.built-from'), sources)
  rmSync(at('dist'), { recursive: true, force: true })
  renameSync(at('dist.new'), at('dist'))
}

function run(command, args) {
  const shell = command === 'npm' && process.platform === 'win32' // npm is a .cmd file there
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], shell })
  if (error) fail(`${command} cannot be started: ${error.message}`)
  if (status !== 0) fail(`Set-up failed: ${[command, ...args].join(' ')} failed (see above).`)
}

/** Prints to standard error, because standard output belongs to the command that follows. */
function say(text) {
  process.stderr.write(`${text}\n`)
}

function fail(text) {
  say(text)
  process.exit(1)
}
