import type { AsyncBuffer, ColumnMetaData } from 'hyparquet'
import { deserializeTCompactProtocol } from 'hyparquet/src/thrift.js'

/**
 * Refuses a column whose pages say that they hold more values than the column, or more bytes: hyparquet believes a page,
 * and would count to what a damaged one says for minutes. (Parquet's thrift definition: PageHeader and its two kinds.)
 * @throws Error with what was found
 */
export async function checkPages(file: AsyncBuffer, column: ColumnMetaData): Promise<void> {
  const start = Number(column.dictionary_page_offset || column.data_page_offset)
  const end = start + Number(column.total_compressed_size)
  if (!(start >= 0 && start <= end && end <= file.byteLength)) throw new Error(`a column from ${start} to ${end}`)
  const view = new DataView(await file.slice(start, end))
  const most = Number(column.num_values)
  const reader = { view, offset: 0 }
  for (let values = 0; values < most && reader.offset < view.byteLength; ) {
    const { field_3: bytes, field_5, field_8 } = deserializeTCompactProtocol(reader)
    const held = (field_5 ?? field_8)?.field_1 ?? 0
    if (!(held >= 0 && values + held <= most)) throw new Error(`a page of ${held} values in a column of ${most}`)
    if (!(bytes >= 0 && reader.offset + bytes <= view.byteLength)) throw new Error(`a page of ${bytes} bytes`)
    values += held
    reader.offset += bytes
  }
}
