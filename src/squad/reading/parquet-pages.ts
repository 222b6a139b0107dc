import type { AsyncBuffer, ColumnMetaData, DataReader, PageHeader, RowGroup, SchemaTree } from 'hyparquet'
import { parquetHeader } from 'hyparquet/src/column.js'
import { decompressPage } from 'hyparquet/src/datapage.js'
import { getMaxDefinitionLevel, getMaxRepetitionLevel, getTreePath } from 'hyparquet/src/schema.js'
import { compressors } from 'hyparquet-compressors'
import { checkDefined, checkDeltas, checkRuns, checkSharedTexts, levelWidth } from './parquet-encodings.ts'

/** Maximum number of rows in a row group, which is also that of pyarrow. Other writers use fewer. */
const MAX_ROWS = 1024 * 1024
const MAX_VALUES = 4 * MAX_ROWS
const MAX_BYTES = 1024 ** 3

/**
 * Validates the headers and pages of the `wanted` columns in a row group. hyparquet trusts these numbers, and a
 * corrupted file could make it run for minutes or exhaust the memory.
 * @throws Error that describes the inconsistency
 */
export async function checkPages(
  file: AsyncBuffer,
  { num_rows, columns }: RowGroup,
  schema: SchemaTree,
  wanted: readonly string[],
): Promise<void> {
  if (num_rows > MAX_ROWS) throw new Error(`a row group of ${num_rows} rows; the maximum is ${MAX_ROWS}`)
  for (const { meta_data: column } of columns) {
    if (!(column && wanted.includes(column.path_in_schema[0]))) continue
    if (num_rows > column.num_values) throw new Error(`a column of ${column.num_values} values for ${num_rows} rows`)
    if (column.num_values > MAX_VALUES)
      throw new Error(`a column of ${column.num_values} values; the maximum is ${MAX_VALUES}`)
    await checkColumn(file, column, getTreePath(schema, column.path_in_schema))
  }
}

/**
 * Checks that the pages of a column do not exceed its declared size. `path` is the path of the column in the schema.
 */
async function checkColumn(file: AsyncBuffer, column: ColumnMetaData, path: SchemaTree[]): Promise<void> {
  const start = Number(column.dictionary_page_offset || column.data_page_offset)
  const end = start + Number(column.total_compressed_size)
  if (!(start >= 0 && start <= end && end <= file.byteLength)) throw new Error(`a column from ${start} to ${end}`)
  const reader = readerOf(new Uint8Array(await file.slice(start, end)))
  let [values, unpacked] = [Number(column.num_values), MAX_BYTES]
  while (reader.offset < reader.view.byteLength - 1) {
    const header = parquetHeader(reader)
    const bytes = header.compressed_page_size
    if (!(bytes >= 0 && reader.offset + bytes <= reader.view.byteLength)) throw new Error(`a page of ${bytes} bytes`)
    unpacked -= header.uncompressed_page_size
    if (!(unpacked >= 0)) throw new Error(`a column of more than ${MAX_BYTES} bytes`)
    const held = header[header.type === 'DATA_PAGE' ? 'data_page_header' : 'data_page_header_v2']?.num_values ?? 0
    if (!(held >= 0 && held <= values)) throw new Error(`a page of ${held} values where ${values} are left`)
    values -= held
    const { buffer, byteOffset } = reader.view
    checkPage(new Uint8Array(buffer, byteOffset + reader.offset, bytes), header, column, path)
    reader.offset += bytes
  }
}

/** Validates a page: repetition levels, then definition levels, then values. */
function checkPage(bytes: Uint8Array, header: PageHeader, column: ColumnMetaData, path: SchemaTree[]): void {
  const [repetition, definition] = [getMaxRepetitionLevel(path), getMaxDefinitionLevel(path)]
  if (header.type === 'DATA_PAGE' && header.data_page_header) {
    const { num_values, encoding } = header.data_page_header
    const page = readerOf(decompressPage(bytes, header.uncompressed_page_size, column.codec, compressors))
    if (repetition > 0) checkRuns(page, levelWidth(repetition), num_values, readLength(page))
    const defined = definition > 0 ? checkDefined(page, definition, num_values, readLength(page)) : num_values
    checkValues(page, encoding, column, defined)
  } else if (header.type === 'DATA_PAGE_V2' && header.data_page_header_v2) {
    const { num_values, num_nulls, encoding, is_compressed, ...v2 } = header.data_page_header_v2
    const page = readerOf(bytes)
    checkRuns(page, levelWidth(repetition), num_values, v2.repetition_levels_byte_length)
    if (definition > 0) checkRuns(page, levelWidth(definition), num_values, v2.definition_levels_byte_length)
    const size = header.uncompressed_page_size - v2.repetition_levels_byte_length - v2.definition_levels_byte_length
    const values = bytes.subarray(page.offset)
    const unpacked = is_compressed ? decompressPage(values, size, column.codec, compressors) : values
    checkValues(readerOf(unpacked), encoding, column, num_values - num_nulls)
  }
}

function checkValues(page: DataReader, encoding: string, { type }: ColumnMetaData, count: number): void {
  if (type === 'BOOLEAN' && encoding === 'RLE') checkRuns(page, 1, count, readLength(page))
  else if (encoding === 'RLE' || encoding.endsWith('_DICTIONARY')) {
    if (count === 0) return
    const width = page.view.getUint8(page.offset++)
    checkRuns(page, width, count, page.view.byteLength - page.offset)
  } else if (encoding === 'DELTA_BYTE_ARRAY') checkSharedTexts(page, count, MAX_BYTES)
  else if (encoding.startsWith('DELTA_')) checkDeltas(page, count)
}

const readerOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataReader => ({
  view: new DataView(buffer, byteOffset, byteLength),
  offset: 0,
})

function readLength(page: DataReader): number {
  page.offset += 4
  return page.view.getUint32(page.offset - 4, true)
}
