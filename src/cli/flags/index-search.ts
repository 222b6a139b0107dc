import { Option } from 'commander'
import { PASSAGES_READ } from '../../search/schema.ts'
import { integerFrom } from './numbers.ts'

/** `--passages`, for commands that answer questions from an index. */
export const passagesOption = (): Option =>
  new Option('--passages <integer>', 'with --index, number of passages that the model reads')
    .argParser(integerFrom(1))
    .default(PASSAGES_READ)
