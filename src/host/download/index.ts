/**
 * Files from web servers, by HTTPS; plain HTTP only from this host itself.
 *
 * A server is hostile: it sends too much, too little, something else, or leads elsewhere. What must never happen here:
 * content used whose hash was not the one asked for, a redirect followed to where no certificate is, a wait without end.
 */
export { type DownloadOptions, download, type File, forget, streamOf } from "./file.ts";
export { fetchText } from "./request.ts";
