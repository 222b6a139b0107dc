import { spawnSync } from 'node:child_process'

const UNSHARE = ['-Urm', 'sh', '-c']
const MOUNT = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'

/** Whether a folder can be made read-only for one process, even for root. */
export const hasReadOnlyMounts =
  spawnSync('unshare', [...UNSHARE, `${MOUNT.replace('exec "$@"', '! touch "$0/x"')}`, '/tmp']).status === 0

if (!hasReadOnlyMounts) console.warn('SKIPPED (needs unshare, and user namespaces): tests on a read-only file system')

/** Returns a command line that runs `argv` with `folder` on a read-only file system. */
export const withReadOnly = (folder: string, argv: readonly string[]): string[] => [
  'unshare',
  ...UNSHARE,
  MOUNT,
  folder,
  ...argv,
]
