import { dlopen, ptr, FFIType as T } from "bun:ffi";
import { closeSync } from "node:fs";
import { WarrenError } from "../../spec/errors.ts";

const libc = dlopen("libc.so.6", {
  socket: { args: [T.i32, T.i32, T.i32], returns: T.i32 },
  sendto: { args: [T.i32, T.ptr, T.u64, T.i32, T.ptr, T.u32], returns: T.i64 },
});

const AF_UNIX = 1;
/** SOCK_DGRAM, SOCK_CLOEXEC and SOCK_NONBLOCK; the same numbers on amd64 and arm64. */
const DATAGRAM = 2 | 0x80000 | 0x800;
const MSG_NOSIGNAL = 0x4000;
/** sizeof(sun_path) */
const PATH = 108;

/** struct sockaddr_un for a path, or for a name without a file when it begins with `@` (unix(7)). */
function unixAddress(path: string): Buffer {
  const name = Buffer.from(path);
  if (name.length === 0 || name.length >= PATH)
    throw new WarrenError("BAD_VALUE", `"${path}" is no address of a unix socket`, "see unix(7)");
  const address = Buffer.alloc(2 + name.length + (path.startsWith("@") ? 0 : 1));
  address.writeUInt16LE(AF_UNIX, 0);
  name.copy(address, 2);
  if (path.startsWith("@")) address[2] = 0;
  return address;
}

/** Sends one datagram to a unix socket, which Bun has no word for; never waits. sendto(2). Throws FAILED, BAD_VALUE. */
export function sendDatagram(path: string, text: string): void {
  const address = unixAddress(path);
  const body = Buffer.from(text);
  const fd = libc.symbols.socket(AF_UNIX, DATAGRAM, 0);
  const sent =
    fd < 0
      ? -1
      : Number(
          libc.symbols.sendto(fd, ptr(body), BigInt(body.length), MSG_NOSIGNAL, ptr(address), address.length),
        );
  if (fd >= 0) closeSync(fd);
  if (sent !== body.length)
    throw new WarrenError("FAILED", `nothing could be sent to the socket ${path}`, "see who listens there", {
      path,
    });
}
