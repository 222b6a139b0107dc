/**
 * Error codes of operations that a file system does not support, such as links on exFAT or flushing on some user-space
 * ones.
 */
const CODES = ['EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL', 'EMLINK', 'ENOTTY']

/** Whether an operation failed because the file system does not support it, so that another method may succeed. */
export const isUnsupported = (error: unknown): boolean => CODES.includes((error as NodeJS.ErrnoException).code ?? '')
