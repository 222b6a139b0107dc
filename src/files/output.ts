import { accessSync, constants, existsSync, lstatSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { UsageError } from '../errors.ts'
import { showText } from '../show-value.ts'
import { type FileData, isSameFile, writeFileAtomic, writeNewFile } from './atomic.ts'
import { explain, makeFolder } from './explain.ts'

export interface OutputOptions {
  /** Replace existing files. */
  readonly overwrite?: boolean
}

export interface OutputCheck extends OutputOptions {
  /** Files, and folders of files, that are used as input. They are never replaced, even with `overwrite`. */
  readonly inputs?: readonly string[]
}

/**
 * Checks before the work begins that the output files can be written.
 * @throws UsageError if one exists, is an input, is given twice, or cannot be created
 */
export function checkOutputs(paths: readonly string[], { overwrite = false, inputs = [] }: OutputCheck): void {
  const places = new Map<string, string>()
  for (const path of paths) {
    if (isFolderName(path))
      throw new UsageError(`"${showText(path)}" is a folder name, expected a file name`, 'Add a file name.')
    checkFolder(path)
    const place = placeOf(path)
    const other = places.get(place)
    if (other !== undefined)
      throw new UsageError(
        `${showText(path)}: is ${path === other ? 'given for two outputs' : `the same file as ${showText(other)}`}`,
        'Use a different file for each output.',
      )
    places.set(place, path)
    if (!exists(path)) continue
    const input = inputs.find((input) => isOf(path, input))
    if (input !== undefined)
      throw new UsageError(
        `${showText(path)}: is also an input${input === path ? '' : ` (${showText(input)})`} and would be overwritten`,
        'Write to another file.',
      )
    if (!isReplaceable(path))
      throw new UsageError(`${showText(path)}: is not a regular file and cannot be replaced`, 'Write to another file.')
    if (!overwrite) throw alreadyExists(path)
  }
}

/** Writes a file allowed by `checkOutputs` atomically, creating its folder if necessary. */
export async function writeOutput(path: string, data: FileData, { overwrite = false }: OutputOptions): Promise<void> {
  makeFolder(dirname(path))
  if (overwrite) await writeFileAtomic(path, data)
  else if (!(await writeNewFile(path, data))) throw alreadyExists(path)
}

export const alreadyExists = (path: string): UsageError =>
  new UsageError(`${showText(path)}: already exists`, 'Write to another file, or replace it with --overwrite.')

const isFolderName = (path: string): boolean => /(^|\/)\.{0,2}$/.test(path.replaceAll(sep, '/'))

function exists(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined
  } catch (error) {
    throw explain(path, error)
  }
}

/** Accepts files, and links to files or to nothing. Rejects devices, pipes and links to them, such as /dev/stdout. */
function isReplaceable(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() ?? true
  } catch {
    // A circular link, or a link to an inaccessible location.
    return true
  }
}

/** Checks that the folder of the file, or its nearest existing parent, is writable. */
function checkFolder(path: string): void {
  const folder = nearestExisting(dirname(resolve(path)))
  try {
    // With the dot, this fails if the path is a file.
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

/**
 * Returns the same value for all names of a location, also if the file system ignores case or Unicode normalization.
 */
function placeOf(path: string): string {
  const folder = dirname(resolve(path))
  const known = nearestExisting(folder)
  return join(realpathSync(known), relative(known, folder), basename(path)).normalize('NFC').toLowerCase()
}

/** Whether an existing file is an input under any of its names, or is inside an input folder. */
function isOf(path: string, input: string): boolean {
  if (!statSync(input, { throwIfNoEntry: false })?.isDirectory()) return isSameFile(path, input)
  return existsSync(path) && realpathSync(path).startsWith(`${realpathSync(input)}${sep}`)
}
