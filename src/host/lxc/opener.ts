/**
 * The program that is a guest's init, or a command on a terminal, for its first instructions: it opens the terminal for
 * input, output and errors, as the kernel does for the init of a machine, and becomes the real one. LXC does so itself
 * only where it makes the guest's terminals as well, which the host does here so that their number is out of the guest's
 * reach.
 *
 * In the guest there may be no shell and no library, so it is machine code alone:
 *
 *     report = fcntl(1, F_DUPFD_CLOEXEC, 10)
 *     setsid(), fd = open(argv[1], O_RDWR)    without one it goes on as it is
 *     dup2(fd, 0), dup2(fd, 1), dup2(fd, 2), close(fd)
 *     execve(argv[2], argv + 2, envp)
 *     write(report, errno, 1), exit(127)
 */

/** Instructions, by Bun's name of the processor. */
const CODE: Readonly<Record<string, string>> = {
  x64:
    "bf01000000be06040000ba0a000000b8480000000f054189c4b8700000000f05488b7c2410be02000000b8020000000f" +
    "0585c0782289c331f689dfb8210000000f05ffc683fe0375f083fb03720989dfb8030000000f05488b0c24488b7c2418" +
    "488d742418488d54cc10b83b0000000f05f7d8504489e74889e6ba01000000b8010000000f05bf7f000000b83c000000" +
    "0f05",
  arm64:
    "200080d2c18080d2420180d2280380d2010000d4f40300aaa81380d2010000d4600c8092e10b40f9420080d2080780d2" +
    "010000d42002f8b7f30300aa010080d27f0201eba0000054e00313aa020080d2080380d2010000d4210400913f0c00f1" +
    "01ffff547f0e00f183000054e00313aa280780d2010000d4e30340f9e00f40f9e1630091e26f238b42400091a81b80d2" +
    "010000d4e30300cbe30f1ff8e00314aae1030091220080d2080880d2010000d4e00f80d2a80b80d2010000d4",
};

/** Numbers of ELF (elf(5)): EM_X86_64, EM_AARCH64. */
const MACHINE: Readonly<Record<string, number>> = { x64: 62, arm64: 183 };
const BASE = 0x400000n;
const HEADERS = 64 + 56;

/** The program as an ELF file of one segment. Throws for a processor it isn't written for. */
export function openerProgram(arch: string = process.arch): Uint8Array {
  const [code, machine] = [CODE[arch], MACHINE[arch]];
  if (code === undefined || machine === undefined) throw new Error(`no opener for ${arch}`);
  const text = Buffer.from(code, "hex");
  const file = Buffer.alloc(HEADERS + text.length);
  // e_ident: magic, 64 bits, little endian, version 1.
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  // ET_EXEC, e_machine, version, e_entry, e_phoff, sizes of the headers, one program header.
  file.writeUInt16LE(2, 16);
  file.writeUInt16LE(machine, 18);
  file.writeUInt32LE(1, 20);
  file.writeBigUInt64LE(BASE + BigInt(HEADERS), 24);
  file.writeBigUInt64LE(64n, 32);
  file.writeUInt16LE(64, 52);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(1, 56);
  // PT_LOAD, readable and executable, the whole file, by pages.
  file.writeUInt32LE(1, 64);
  file.writeUInt32LE(5, 68);
  for (const [at, value] of [
    [80, BASE],
    [88, BASE],
    [96, BigInt(file.length)],
    [104, BigInt(file.length)],
    [112, 0x10000n],
  ] as const)
    file.writeBigUInt64LE(value, at);
  file.set(text, HEADERS);
  return file;
}
