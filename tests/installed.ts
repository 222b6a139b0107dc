import { type ExecFileSyncOptionsWithStringEncoding, execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageFile } from '../src/package-root.ts'
import { read } from './source-tree.ts'
import { isThorough } from './thorough.ts'

const quiet: ExecFileSyncOptionsWithStringEncoding = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }

/** Packs a release as `npm pack` does, into `folder`; returns the path of the tarball. */
export function packRelease(folder: string): string {
  if (!existsSync(packageFile('dist/index.js'))) throw new Error('dist/ is missing. Run: npm run setup')
  execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], { ...quiet, cwd: packageFile('') })
  return join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz'))!)
}

/** Turns `folder` into an empty project in strict TypeScript. */
export function emptyProject(folder: string): void {
  mkdirSync(join(folder, 'node_modules'), { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'project', private: true, type: 'module' }))
  // Checking the declarations of spanforge and of all other packages takes another ten seconds.
  const strict = { strict: true, exactOptionalPropertyTypes: true, skipLibCheck: !isThorough }
  const compilerOptions = { module: 'nodenext', target: 'es2022', types: ['node'], ...strict }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }))
}

/**
 * Unpacks a release into a project's node_modules. The packages that it needs are those of this repository, which
 * takes a second; `installRelease` lets npm fetch them.
 */
export function unpackRelease(tarball: string, project: string): void {
  const modules = join(project, 'node_modules')
  for (const name of readdirSync(packageFile('node_modules')))
    if (name !== '.cache') symlinkSync(packageFile(`node_modules/${name}`), join(modules, name))
  execFileSync('tar', ['-xzf', tarball, '-C', modules], quiet)
  renameSync(join(modules, 'package'), join(modules, 'spanforge'))
}

/** Installs a release with npm, like a user. Returns the reason if it fails, for example an unreachable registry. */
export function installRelease(tarball: string, project: string): string | undefined {
  const argv = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error']
  try {
    execFileSync('npm', [...argv, tarball, ...typePackages()], { ...quiet, cwd: project })
    return undefined
  } catch (error) {
    const { stderr } = error as { readonly stderr: string }
    if (/code (ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENOTCACHED|E50\d)/.test(stderr)) return stderr.trim()
    throw error
  }
}

/** The development dependencies of a project in TypeScript. */
function typePackages(): string[] {
  const { devDependencies } = JSON.parse(read('package.json'))
  return ['@types/node'].map((name) => `${name}@${devDependencies[name]}`)
}

export const compileProject = (project: string): void => {
  execFileSync(process.execPath, [packageFile('node_modules/typescript/bin/tsc'), '-p', project], quiet)
}

export const runProject = (project: string, ...argv: readonly string[]): string =>
  execFileSync(process.execPath, argv, { ...quiet, cwd: project })
