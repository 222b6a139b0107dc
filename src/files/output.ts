import { accessSync, constants, existsSync, lstatSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { UsageError } from '../errors.ts'
import { showText } from '../show-value.ts'
import { type FileData, writeFileAtomic, writeNewFile } from './atomic.ts'
import { explain, makeFolder } from './explain.ts'
import { isSameFile } from './same-file.ts'

export interface OutputOptions {
  /** Replace files that exist. */
  readonly overwrite?: boolean
}

export interface OutputCheck extends OutputOptions {
  /** Files that the work reads, and folders of such files: none of them is replaced, with `overwrite` either. */
  readonly inputs?: readonly string[]
}

/**
 * Checks before the work begins that the files it ends with may be written.
 * @throws UsageError for one that exists, is read by the work, is given twice, or cannot be created
 */
export function checkOutputs(paths: readonly string[], { overwrite = false, inputs = [] }: OutputCheck): void {
  const places = new Map<string, string>()
  for (const path of paths) {
    if (isFolderName(path))
      throw new UsageError(
        `"${showText(path)}" names a folder, expected the name of a file`,
        'Add the name of the file.',
      )
    checkFolder(path)
    const place = placeOf(path)
    const other = places.get(place)
    if (other !== undefined)
      throw new UsageError(
        `${showText(path)}: is the same file as ${showText(other)}`,
        'Give each output its own file.',
      )
    places.set(place, path)
    if (!exists(path)) continue
    const input = inputs.find((input) => isOf(path, input))
    if (input !== undefined)
      throw new UsageError(
        `${showText(path)}: is the file that is read${input === path ? '' : ` (${showText(input)})`}, and would be lost`,
        'Write to another file.',
      )
    if (!isReplaceable(path))
      throw new UsageError(`${showText(path)}: is not a file, and cannot be replaced by one`, 'Write to another file.')
    if (!overwrite) throw alreadyExists(path)
  }
}

/** Writes a file that `checkOutputs` has allowed, whole or not at all; its folder is created if necessary. */
export async function writeOutput(path: string, data: FileData, { overwrite = false }: OutputOptions): Promise<void> {
  makeFolder(dirname(path))
  if (overwrite) await writeFileAtomic(path, data)
  else if (!(await writeNewFile(path, data))) throw alreadyExists(path)
}

export const alreadyExists = (path: string): UsageError =>
  new UsageError(`${showText(path)}: exists already`, 'Write to another file, or replace it with --overwrite.')

const isFolderName = (path: string): boolean => /(^|\/)\.{0,2}$/.test(path.replaceAll(sep, '/'))

function exists(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined
  } catch (error) {
    throw explain(path, error)
  }
}

/** A file, or a link that leads to one or nowhere; not a device, a pipe or a link to these, such as /dev/stdout. */
function isReplaceable(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() ?? true
  } catch {
    // A link that leads to itself, or to a place that may not be entered.
    return true
  }
}

/** The folder that the file goes to, or the nearest one that exists, must take new files. */
function checkFolder(path: string): void {
  const folder = nearestExisting(dirname(resolve(path)))
  try {
    // With the dot it fails where that is a file.
    statSync(`${folder}${sep}.`)
    accessSync(folder, constants.W_OK)
  } catch (error) {
    throw explain(path, error)
  }
}

function nearestExisting(folder: string): string {
  const parent = dirname(folder)
  return parent === folder || existsSync(folder) ? folder : nearestExisting(parent)
}

/** The same for two names of the same place, also where the file system ignores case or how accents are composed. */
function placeOf(path: string): string {
  const folder = dirname(resolve(path))
  const known = nearestExisting(folder)
  return join(realpathSync(known), relative(known, folder), basename(path)).normalize('NFC').toLowerCase()
}

/** Whether an existing file is an input, by any of its names, or lies in a folder that is one. */
function isOf(path: string, input: string): boolean {
  if (!statSync(input, { throwIfNoEntry: false })?.isDirectory()) return isSameFile(path, input)
  return existsSync(path) && realpathSync(path).startsWith(`${realpathSync(input)}${sep}`)
}
