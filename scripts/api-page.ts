/**
 * Generates docs/api.md from the doc comments of the sources. It lists all exports of the library with their
 * signatures.
 *
 *     npx tsx scripts/api-page.ts
 */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { packageFile } from '../src/package-root.ts'

export const apiPagePath = packageFile('docs/api.md')

const ENTRIES = {
  spanforge: 'src/index.ts',
  'spanforge/text': 'src/text/index.ts',
  'spanforge/squad': 'src/squad/index.ts',
}

const INTRODUCTION = `# API reference

Every export of the library. [library.md](library.md) shows how to use them. \`npm run write:api\` writes this page from the
doc comments of the sources.
`

export function apiPage(): string {
  const { config } = ts.readConfigFile(packageFile('tsconfig.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, packageFile(''))
  const paths = Object.values(ENTRIES).map(packageFile)
  const program = ts.createProgram(paths, options)
  const checker = program.getTypeChecker()
  const sections = Object.entries(ENTRIES).map(([name, path]) => {
    const entry = checker.getSymbolAtLocation(program.getSourceFile(packageFile(path))!)!
    const symbols = checker.getExportsOfModule(entry).sort((a, b) => (a.name < b.name ? -1 : 1))
    const listed = new Set(symbols.map((symbol) => symbol.name))
    return `## ${name}\n\n${symbols.map((symbol) => exportText(checker, symbol, listed)).join('\n')}`
  })
  return [INTRODUCTION, ...sections].join('\n')
}

/** `listed` are the names of all exports. */
function exportText(checker: ts.TypeChecker, exported: ts.Symbol, listed: ReadonlySet<string>): string {
  const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported
  const [declaration] = symbol.declarations ?? []
  const [bases, unlisted] = basesOf(declaration, listed)
  const members = memberLines(checker, [
    ...(symbol.members?.values() ?? []),
    ...(symbol.exports?.values() ?? []),
    ...unlisted.flatMap((base) => checker.getTypeAtLocation(base).getProperties()),
  ])
  const about = commentOf(checker, symbol)
  // An export may have another name than its declaration.
  const shown = signature(checker, declaration)?.replace(new RegExp(`\\b${symbol.name}\\b`), exported.name)
  return [
    `### ${exported.name}\n`,
    ...(about ? [`${about}\n`] : []),
    ...(bases.length ? [`Also has the members of ${bases.join(' and ')}.\n`] : []),
    ...(shown ? [`\`\`\`ts\n${shown}\n\`\`\`\n`] : []),
    ...(members.length ? [`| member | what |\n|---|---|\n${members.join('\n')}\n`] : []),
  ].join('\n')
}

/** Returns a declaration without its body. */
function signature(checker: ts.TypeChecker, declaration: ts.Declaration | undefined): string | undefined {
  if (!declaration) return undefined
  if (ts.isVariableDeclaration(declaration))
    return `export const ${declaration.name.getText()}: ${typeOf(checker, declaration)}`
  if (ts.isFunctionDeclaration(declaration))
    return declaration
      .getText()
      .slice(0, declaration.body && declaration.body.getStart() - declaration.getStart())
      .trim()
  return ts.isTypeAliasDeclaration(declaration) ? declaration.getText() : undefined
}

const typeOf = (checker: ts.TypeChecker, declaration: ts.Declaration): string =>
  checker.typeToString(checker.getTypeAtLocation(declaration), undefined, ts.TypeFormatFlags.NoTruncation)

function memberLines(checker: ts.TypeChecker, members: readonly ts.Symbol[]): string[] {
  return members.flatMap((member) => {
    const [declaration] = member.declarations ?? []
    if (declaration && (ts.isTypeParameterDeclaration(declaration) || isHidden(declaration))) return []
    if (!/^\w+$/.test(member.name) || member.name === 'prototype') return []
    const about = inCell(commentOf(checker, member).replace(/([^.])\n\n/g, '$1. '))
    return memberTexts(checker, member).map((text) => `| \`${inCell(text)}\` | ${about} |`)
  })
}

/** Returns a line for each overload of a member, except the implementation. */
function memberTexts(checker: ts.TypeChecker, member: ts.Symbol): string[] {
  const declarations = member.declarations ?? []
  const overloads = declarations.filter((declaration) => !('body' in declaration && declaration.body))
  // A member of a mapped type has no declaration.
  const shown = overloads.length > 0 ? overloads : [declarations[0]]
  return shown.map((declaration) => memberText(checker, member, declaration))
}

/** Returns a member's name and type, or its parameters and result. */
function memberText(checker: ts.TypeChecker, member: ts.Symbol, declaration: ts.Declaration | undefined): string {
  if (!declaration) return propertyText(member, checker.typeToString(checker.getTypeOfSymbol(member)))
  if (
    ts.isMethodSignature(declaration) ||
    ts.isCallSignatureDeclaration(declaration) ||
    ts.isIndexSignatureDeclaration(declaration)
  )
    return declaration.getText()
  if (ts.isConstructorDeclaration(declaration) || ts.isMethodDeclaration(declaration)) {
    const end = declaration.body ? declaration.body.getStart() - declaration.getStart() : undefined
    const text = declaration.getText().slice(0, end)
    const type = checker.getTypeOfSymbol(member).getCallSignatures()[0]?.getReturnType()
    const result = ts.isMethodDeclaration(declaration) && !declaration.type && type
    const whole = result ? `${text.trim()}: ${checker.typeToString(result)}` : text
    return whole.replace(/\b(private|override|async) |\b(?:readonly) (?=\w+[?:])/g, '')
  }
  const declared = (declaration as ts.PropertySignature).type
  const type = declared?.getText() ?? checker.typeToString(checker.getTypeOfSymbol(member))
  return propertyText(member, type)
}

const propertyText = ({ name, flags }: ts.Symbol, type: string): string =>
  `${name}${flags & ts.SymbolFlags.Optional ? '?' : ''}: ${type}`

const inCell = (text: string): string => text.replace(/\s+/g, ' ').replaceAll('|', '\\|').trim()

/** The types whose members a class or an interface has as well: the names of those that are exported, and the others. */
function basesOf(declaration: ts.Declaration | undefined, listed: ReadonlySet<string>) {
  const isFamily = declaration && (ts.isInterfaceDeclaration(declaration) || ts.isClassDeclaration(declaration))
  const bases = (isFamily && declaration.heritageClauses?.flatMap(({ types }) => types)) || []
  const isListed = (base: ts.Node) => (base.getText().match(/\b[A-Z]\w+/g) ?? []).some((name) => listed.has(name))
  const isKnown = (base: ts.Node) => isListed(base) || ['Error'].includes(base.getText())
  return [bases.filter(isKnown).map((base) => `\`${base.getText()}\``), bases.filter((base) => !isKnown(base))] as const
}

const isHidden = (declaration: ts.Declaration): boolean =>
  (ts.getCombinedModifierFlags(declaration) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) !== 0

function commentOf(checker: ts.TypeChecker, symbol: ts.Symbol): string {
  const text = ts.displayPartsToString(symbol.getDocumentationComment(checker))
  const errors = symbol.getJsDocTags(checker).filter(({ name }) => name === 'throws' || name === 'deprecated')
  const tags = errors.map(
    ({ name, text }) => `${name === 'throws' ? 'Throws' : 'Deprecated:'} ${ts.displayPartsToString(text)}`,
  )
  return [text, ...tags].filter(Boolean).join('\n\n')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(apiPagePath, apiPage())
