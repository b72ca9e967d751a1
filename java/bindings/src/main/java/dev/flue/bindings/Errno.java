// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

/** Error numbers of Linux that native calls give, and their words. */
final class Errno {
    static final int EPERM = 1;
    static final int ENOENT = 2;
    static final int EIO = 5;
    static final int ENOMEM = 12;
    static final int EACCES = 13;
    static final int EBUSY = 16;
    static final int EEXIST = 17;
    static final int ENODEV = 19;
    static final int ENOTDIR = 20;
    static final int EISDIR = 21;
    static final int EINVAL = 22;
    static final int EMFILE = 24;
    static final int ENOSPC = 28;
    static final int EROFS = 30;
    static final int ENOSYS = 38;
    static final int EOPNOTSUPP = 95;
    static final int ESHUTDOWN = 108;
    static final int EALREADY = 114;

    private Errno() {}

    /** What the number says, for people. {@code errno}: positive. */
    static String text(int errno) {
        return switch (errno) {
            case EPERM -> "not permitted";
            case ENOENT -> "no such file or directory";
            case EIO -> "input/output error";
            case ENOMEM -> "out of memory";
            case EACCES -> "permission denied";
            case EBUSY -> "in use";
            case EEXIST -> "exists already";
            case ENODEV -> "no such device";
            case ENOTDIR -> "not a directory";
            case EISDIR -> "is a directory";
            case EINVAL -> "a value is out of range";
            case EMFILE -> "too many open files";
            case ENOSPC -> "no space left";
            case EROFS -> "read-only file system";
            case ENOSYS -> "not implemented";
            case EOPNOTSUPP -> "not supported";
            case ESHUTDOWN -> "shut down";
            case EALREADY -> "done already";
            default -> "error " + errno;
        };
    }
}
