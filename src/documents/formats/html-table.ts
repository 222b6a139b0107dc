import type { DocumentPiece } from '../document.ts'

const CELL_SEPARATOR = ' | '

/** Maximum length of a row that is read as a line. Longer ones arrange paragraphs in columns. */
const MAX_ROW = 1000

/** Collects the cells of a row of a table, because their meaning depends on each other. */
export class HtmlTableRow {
  private readonly cells: DocumentPiece[][] = [[]]

  startCell(): void {
    this.cells.push([])
  }

  add(piece: DocumentPiece): void {
    this.cells.at(-1)!.push(piece)
  }

  /** The row as a line, or its headings and paragraphs if the table arranges the parts of a page. */
  pieces(): readonly DocumentPiece[] {
    const pieces = this.cells.flat()
    const isLayout = pieces.some(({ text, level }) => level !== undefined || text.trim().includes('\n\n'))
    const length = pieces.reduce((sum, { text }) => sum + text.length, 0)
    if (isLayout || length > MAX_ROW) return pieces
    const filled = this.cells.filter((cell) => cell.length > 0)
    if (filled.length === 0) return []
    return [{ text: filled.map((cell) => cell.map(({ text }) => text.trim()).join(' ')).join(CELL_SEPARATOR) }]
  }
}
