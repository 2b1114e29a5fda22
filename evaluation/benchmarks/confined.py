"""Run as a program by ``execution``: confines its own process, then runs what comes on its standard input.

Arguments: bytes of memory, seconds of the processor, bytes of a file. Input: a token, the program and its tests, apart
by NUL; the token is written out when both have run to their end. It imports nothing but Python's own library.
"""

import ctypes
import os
import platform
import resource
import struct
import sys

UNCONFINED = 97
LANDLOCK_CREATE, LANDLOCK_ADD, LANDLOCK_RESTRICT = 444, 445, 446
READ_FILE, READ_DIR = 1 << 2, 1 << 3
FILE_ACCESSES = {1: 0x1FFF, 2: 0x3FFF, 3: 0x7FFF, 5: 0xFFFF}
"""All accesses to files that Landlock knows of, by the first version of its ABI that has them."""
TCP, SCOPES = 0b11, 0b11
READABLE = (os.path.dirname(os.__file__), "/usr/lib", "/lib", "/lib64")  # noqa: PTH120  (pathlib would be imported)
PDEATHSIG, DUMPABLE, SECCOMP, NO_NEW_PRIVILEGES = 1, 4, 22, 38

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
ALLOWED = {
    "x86_64": (
        # read write open close stat fstat lstat poll lseek mmap mprotect munmap brk rt_sig* pread64 readv writev access
        *(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17, 19, 20, 21),
        # select sched_yield mremap madvise dup pause nanosleep getitimer alarm setitimer getpid exit uname
        *(23, 24, 25, 28, 32, 34, 35, 36, 37, 38, 39, 60, 63),
        # getdents getcwd readlink gettimeofday getrlimit getrusage times getuid getgid geteuid getegid getppid
        *(78, 79, 89, 96, 97, 98, 100, 102, 104, 107, 108, 110),
        # sigaltstack gettid time futex sched_getaffinity getdents64 restart clock_gettime/getres/nanosleep exit_group
        *(131, 186, 201, 202, 204, 217, 219, 228, 229, 230, 231),
        # openat newfstatat readlinkat faccessat pselect6 ppoll getrandom statx faccessat2
        *(257, 262, 267, 269, 270, 271, 318, 332, 439),
    ),
    "aarch64": (
        # getcwd dup faccessat openat close getdents64 lseek read write readv writev pread64 pselect6 ppoll readlinkat
        *(17, 23, 48, 56, 57, 61, 62, 63, 64, 65, 66, 67, 72, 73, 78),
        # newfstatat fstat exit exit_group futex nanosleep getitimer setitimer clock_* sched_getaffinity sched_yield
        *(79, 80, 93, 94, 98, 101, 102, 103, 113, 114, 115, 123, 124, 128),
        # sigaltstack rt_sig* times uname getrlimit getrusage gettimeofday getpid getppid get*id gettid brk
        *(132, 134, 135, 139, 153, 160, 163, 165, 169, 172, 173, 174, 175, 176, 177, 178, 214),
        # munmap mremap mmap mprotect madvise getrandom statx faccessat2
        *(215, 216, 222, 226, 233, 278, 291, 439),
    ),
}
"""System calls of a program that computes; all others (sockets, processes, signals, links, owners) are refused."""


def limit(memory: int, seconds: int, file_bytes: int) -> None:
    """What the process may take; memory and time in bytes and seconds."""
    for kind, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        resource.setrlimit(kind, (most, most))


def confine() -> None:
    """Take files, network and processes from this process, for good.

    Raises:
        OSError: when the kernel can't.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long

    def call(done: int) -> int:
        if done < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return done

    call(libc.prctl(PDEATHSIG, 9, 0, 0, 0))
    call(libc.prctl(DUMPABLE, 0, 0, 0, 0))
    call(libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0))
    version = call(libc.syscall(LANDLOCK_CREATE, None, ctypes.c_size_t(0), 1))
    accesses = FILE_ACCESSES[max(known for known in FILE_ACCESSES if known <= version)]
    rules = struct.pack("=QQQ", accesses, TCP, SCOPES)[: 8 if version < 4 else 16 if version < 6 else 24]
    ruleset = call(libc.syscall(LANDLOCK_CREATE, rules, ctypes.c_size_t(len(rules)), 0))
    for folder in READABLE:
        if os.path.isdir(folder):  # noqa: PTH112
            place = os.open(folder, os.O_PATH | os.O_CLOEXEC)
            beneath = struct.pack("=Qi", READ_FILE | READ_DIR, place)
            call(libc.syscall(LANDLOCK_ADD, ruleset, 1, beneath, 0))
            os.close(place)
    call(libc.syscall(LANDLOCK_RESTRICT, ruleset, 0))
    os.close(ruleset)
    machine = platform.machine()
    if machine not in ALLOWED:
        raise OSError(f"no list of system calls for {machine}")
    numbers = ALLOWED[machine]
    filters = [(0x20, 0, 0, 4), (0x15, 1, 0, ARCHITECTURES[machine]), (0x06, 0, 0, 0x80000000), (0x20, 0, 0, 0)]
    for number in numbers:
        filters += [(0x15, 0, 1, number), (0x06, 0, 0, 0x7FFF0000)]
    filters.append((0x06, 0, 0, 0x00050000 | 1))  # EPERM
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *one) for one in filters))
    program = struct.pack("=H6xQ", len(filters), ctypes.addressof(code))
    call(libc.prctl(SECCOMP, 2, ctypes.c_char_p(program), 0, 0))


def main() -> int:
    """Read, confine, run; 0 where the program and its tests ran to their end."""
    token, program, tests = sys.stdin.buffer.read().decode().split("\0", 2)
    told, nowhere = os.dup(1), os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    try:
        limit(*(int(value) for value in sys.argv[1:4]))
        confine()
    except (OSError, KeyError, ValueError):
        return UNCONFINED
    space: dict[str, object] = {"__name__": "program"}
    try:
        exec(compile(program, "program", "exec"), space)
        exec(compile(tests, "tests", "exec"), space)
    except BaseException:  # of whatever kind: SystemExit does not pass
        return 1
    os.write(told, token.encode())
    return 0


if __name__ == "__main__":
    os._exit(main())
