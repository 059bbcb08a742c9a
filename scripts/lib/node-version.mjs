/**
 * Stops with a clear message when Node is too old. Imported first by every script, before anything that
 * an old Node might not have; it therefore uses nothing newer than ES modules themselves.
 */
const WANTED = [20, 19];
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < WANTED[0] || (major === WANTED[0] && minor < WANTED[1])) {
  console.error(
    `MASA Lab: expected Node ${WANTED.join('.')} or newer, got ${process.versions.node}. ` +
      'Install a current Node from https://nodejs.org and try again.',
  );
  process.exit(1);
}
