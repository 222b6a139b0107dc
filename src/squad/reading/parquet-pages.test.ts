import { asyncBufferFromFile, parquetMetadataAsync, parquetSchema } from 'hyparquet'
import { expect, it } from 'vitest'
import { fixture } from '../../../tests/fixture.ts'
import { checkPages } from './parquet-pages.ts'

const file = await asyncBufferFromFile(fixture('squad-parquet/datasets-4.0.0.parquet'))
const metadata = await parquetMetadataAsync(file)
const check = (rows: bigint, change: object = {}) => {
  const [{ columns }] = metadata.row_groups
  const changed = columns.map((column) => ({ ...column, meta_data: { ...column.meta_data!, ...change } }))
  const group = { ...metadata.row_groups[0], num_rows: rows, columns: changed }
  return checkPages(file, group, parquetSchema(metadata), ['id'])
}

it('reads a row group, and rejects one that claims more than it can contain or than fits in memory', async () => {
  await check(25n)
  await expect(check(26n)).rejects.toThrow('a column of 25 values for 26 rows')
  await expect(check(25n, { num_values: 24n })).rejects.toThrow('a column of 24 values for 25 rows')
  await expect(check(24n, { num_values: 24n })).rejects.toThrow('a page of 25 values where 24 are left')
  await expect(check(2n ** 20n + 1n)).rejects.toThrow('a row group of 1048577 rows; the maximum is 1048576')
  await expect(check(25n, { num_values: 2n ** 40n })).rejects.toThrow('a column of 1099511627776 values; the maximum')
})

it('rejects a column outside its file', async () => {
  await expect(check(25n, { total_compressed_size: 2n ** 40n })).rejects.toThrow(/^a column from \d+ to \d+$/)
  await expect(check(25n, { dictionary_page_offset: -4n })).rejects.toThrow('a column from -4 to')
})
