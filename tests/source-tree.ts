import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Folders with generated, downloaded or external contents. */
const notOurs = new Set(['.git', 'node_modules', 'dist', 'dist.new', 'build', 'runs', 'coverage', '__pycache__'])

/** All files of the repository, by path from the root with `/` as the separator. */
export const files: readonly string[] = list('')

function list(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(folder, entry.name)
    // src/runs is a module; runs/ in the root contains training runs of users.
    if (notOurs.has(entry.name) && path !== 'src/runs') return []
    return entry.isDirectory() ? list(path) : entry.isFile() ? [path] : []
  })
}

export const read = (path: string): string => readFileSync(join(root, path), 'utf8')

/** Removes the code blocks of a Markdown page. */
export const prose = (path: string): string => read(path).replaceAll(/^ *```\w*\n[\s\S]*?^ *```$/gm, '')

/** Shipped sources: files in src/ except tests and AssemblyScript, which is compiled and committed. */
export const sources: readonly string[] = files.filter(
  (path) => /^src\/.*\.ts$/.test(path) && !/\.(test|as)\.ts$/.test(path),
)

/** All modules that a source file imports or re-exports: our files by path, others as written. */
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

/** Matches the module specifier in `import ... from`, `export ... from`, `import(...)` and `import('...').Type`. */
function namedModule(node: ts.Node): ts.Node | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return node.argument.literal
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) return node.arguments[0]
  return undefined
}

/** Names that a file declares and exports, or re-exports under another name. */
export function exportsOf(source: string): string[] {
  const { statements } = ts.createSourceFile(source, read(source), ts.ScriptTarget.Latest)
  const names = statements.flatMap((statement) => {
    if (ts.isExportDeclaration(statement)) return newNames(statement)
    if (!isExported(statement)) return []
    if (ts.isVariableStatement(statement)) return statement.declarationList.declarations.map(({ name }) => name)
    return 'name' in statement ? [statement.name as ts.Identifier] : []
  })
  return [...new Set(names.flatMap((name) => (name && ts.isIdentifier(name) ? [name.text] : [])))]
}

const newNames = ({ exportClause }: ts.ExportDeclaration): ts.Identifier[] =>
  exportClause && ts.isNamedExports(exportClause)
    ? exportClause.elements.filter(({ propertyName }) => propertyName).map(({ name }) => name as ts.Identifier)
    : []

const isExported = (statement: ts.Statement): boolean =>
  ts.canHaveModifiers(statement) &&
  (ts.getModifiers(statement) ?? []).some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)

/** The module of a source file: its folder under src/, or its own name if it is directly in src/. */
export const moduleOf = (source: string): string => source.split('/')[1]
