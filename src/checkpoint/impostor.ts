import { SpanforgeError } from '../errors.ts'

/** How much of a file's beginning `refuseImpostor` looks at. */
export const IMPOSTOR_BYTES = 256

const LFS = /^version https:\/\/git-lfs/
const WEB_PAGE = /^(\ufeff|ï»¿)?\s*(<!doctype html|<html)/i

/** Refuses what is often downloaded in place of a file of a model: a Git LFS pointer, or a web page about it. */
export function refuseImpostor(path: string, beginning: string): void {
  if (LFS.test(beginning))
    throw new SpanforgeError(`${path}: found a Git LFS pointer, expected the file that it points to`, {
      remedy: 'Run "git lfs pull" in the clone, or download the model by its name: spanforge download NAME.',
    })
  if (WEB_PAGE.test(beginning))
    throw new SpanforgeError(`${path}: found a web page (HTML), expected the file itself`, {
      remedy: 'Use the download link of the file (/resolve/, not /blob/), or spanforge download NAME.',
    })
}
