/**
 * Bundles the script of the analysis page, `src/analysis/browser/`, into a TypeScript module that holds it as text.
 * The module is committed, so that neither a build nor a user needs the bundler; a test bundles again and compares.
 *
 *     npx tsx scripts/analysis-page.ts
 */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const at = (path: string): string => fileURLToPath(new URL(`../src/analysis/${path}`, import.meta.url))

/** The text of `src/analysis/page/browser-script.ts`. */
export async function bundleScript(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [at('browser/main.ts')],
    bundle: true,
    // Names stay: whoever looks into the page can read its script.
    minifyWhitespace: true,
    minifySyntax: true,
    charset: 'ascii',
    format: 'iife',
    target: 'es2022',
    write: false,
  })
  const script = outputFiles[0].text.trim()
  const lines = (script.match(/.{1,100}/gs) ?? []).map((line) => `  ${JSON.stringify(line)},`)
  return [
    '/** Bundled from `../browser/` by `scripts/analysis-page.ts`. */',
    '// biome-ignore-all format: as the bundler wrote it',
    '// biome-ignore-all lint: as the bundler wrote it',
    'export const browserScript = [',
    ...lines,
    "].join('')",
    '',
    '/** By which the page tells its browser that this script may run, and no other. */',
    `export const browserScriptDigest = 'sha256-${createHash('sha256').update(script).digest('base64')}'`,
    '',
  ].join('\n')
}

export const committedScript = (): string => readFileSync(at('page/browser-script.ts'), 'utf8')

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(at('page/browser-script.ts'), await bundleScript())
