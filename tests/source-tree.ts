import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Folders whose contents are made, fetched or another program's. */
const notOurs = new Set(['.git', 'node_modules', 'dist', 'dist.new', 'build', 'runs', 'coverage', '__pycache__'])

/** Every file of the repository that we keep, by its path from the root, with `/` between folders. */
export const files: readonly string[] = list('')

function list(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(folder, entry.name)
    // src/runs is a room of ours; runs/ beside it holds what people train.
    if (notOurs.has(entry.name) && path !== 'src/runs') return []
    return entry.isDirectory() ? list(path) : entry.isFile() ? [path] : []
  })
}

export const read = (path: string): string => readFileSync(join(root, path), 'utf8')

/** A Markdown page without its blocks of code. */
export const prose = (path: string): string => read(path).replaceAll(/^ *```\w*\n[\s\S]*?^ *```$/gm, '')

/** Shipped sources: what stands under src/ but tests, and AssemblyScript, which is compiled and committed. */
export const sources: readonly string[] = files.filter(
  (path) => /^src\/.*\.ts$/.test(path) && !/\.(test|as)\.ts$/.test(path),
)

/** Everything that a source names after `import` or `export ... from`: our files by path, the rest as written. */
export const importsOf = (source: string): readonly string[] => imports.get(source)!

const imports = new Map(sources.map((source) => [source, readImports(source)]))

function readImports(source: string): string[] {
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    const name = namedModule(node)
    if (name && ts.isStringLiteralLike(name))
      found.push(name.text.startsWith('.') ? posix.join(dirname(source), name.text) : name.text)
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(source, read(source), ts.ScriptTarget.Latest))
  return found
}

/** What stands for a module in `import ... from`, `export ... from`, `import(...)` and `import('...').Type`. */
function namedModule(node: ts.Node): ts.Node | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return node.argument.literal
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) return node.arguments[0]
  return undefined
}

/** The room of a source: its folder under src/, or its own name where it stands in none. */
export const roomOf = (source: string): string => source.split('/')[1]
