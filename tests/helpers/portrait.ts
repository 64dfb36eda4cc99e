/** All that a guest can see of its own files, told so that two guests can be compared. */
import type { TestDaemon } from "./daemon.ts";

/** Makes one of everything in a guest: links of both kinds, holes, owners, modes, what was deleted and made anew. */
export const VARIETY = [
  "mkdir -p /root/d/e /opt/x/y /var/gone",
  "echo one > /root/a; ln /root/a /root/b; ln -s /etc/passwd /root/link; mkfifo /root/pipe",
  "truncate -s 20M /root/holes; echo end >> /root/holes",
  "rm /etc/passwd; rm -r /home; mkdir /home; echo h > /home/h",
  "chmod 4755 /root/a; chown 5:6 /root/d; touch -d '2020-01-02 03:04:05' /root/d/e/old /root/a",
  'echo x > /opt/x/f; echo odd > "/root/a name\nof two lines"',
].join("; ");

/** Changes some of it: in place, by another file, and by another kind of thing. */
export const LATER = [
  "echo two > /root/b; rm -r /opt/x; rm /root/pipe; echo pipe > /root/pipe; rm /home/h; mkdir /root/new",
  "rm /etc/group; rm -r /root/d; echo file > /root/d; rmdir /var/gone; chmod 600 /root/holes",
].join("; ");

/** Lines for people to compare; without what makes a machine itself. */
export const portrait = (d: TestDaemon, name: string): Promise<string> =>
  d.sh(
    name,
    "cd /; find bin etc home opt root sbin usr var ! -path etc/hostname ! -path etc/hosts ! -path etc/resolv.conf" +
      " ! -path root/.ash_history -exec stat -c '%n|%F|%a|%u|%g' {} + | sort;" +
      " find etc home opt root usr var -type f ! -path etc/hostname ! -path etc/hosts ! -path etc/resolv.conf" +
      " -exec md5sum {} + -exec stat -c '%n %s %Y' {} + | sort; stat -c '%n %h' root/a root/b; readlink root/link",
  );
