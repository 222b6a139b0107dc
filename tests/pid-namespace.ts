import { spawnSync } from 'node:child_process'

const UNSHARE = ['-Urpf', '--mount-proc', '--kill-child']

/** Whether processes can be started in a PID namespace of their own, as those of a container are. */
export const hasPidNamespaces = spawnSync('unshare', [...UNSHARE, 'true']).status === 0

if (!hasPidNamespaces) console.warn('SKIPPED (needs unshare, and user namespaces): tests in another PID namespace')

/** A command line that runs `argv` in a PID namespace of its own. */
export const inOwnPidNamespace = (argv: readonly string[]): string[] => ['unshare', ...UNSHARE, ...argv]
