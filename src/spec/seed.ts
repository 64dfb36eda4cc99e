/** Most characters of user data; cloud-init's own servers take less. */
export const USER_DATA_MOST = 1 << 20;

/** What whoever launches a container hands to it before its first start. */
export interface Seed {
  /** cloud-init's user data, as it is. */
  userData?: string | undefined;
  /** Lines of authorized_keys. */
  sshKeys?: string[] | undefined;
  /** crypt(5) hash of root's password. */
  passwordHash?: string | undefined;
}
