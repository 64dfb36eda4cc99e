/**
 * Images out of OCI registries, by skopeo.
 *
 * It gets credentials from where its users keep them (containers-auth.json(5)); its answer is an OCI layout whose blobs
 * it has verified. What must never happen here: credentials in a command line, certificates left unchecked unless the
 * operator named the registry.
 */
export { fetchImage, type RegistryOptions } from "./linux.ts";
