/** What systems answer when a file system lacks an operation: links on exFAT, flushing on some user-space ones. */
const CODES = ['EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL', 'EMLINK', 'ENOTTY']

/** Whether an operation failed because the file system does not offer it here, so that another way may succeed. */
export const isUnsupported = (error: unknown): boolean => CODES.includes((error as NodeJS.ErrnoException).code ?? '')
