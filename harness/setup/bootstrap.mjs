// Runs on whatever Node the machine has (18 or newer, hence plain JavaScript without packages): installs the npm packages of the
// lockfile if they are not installed yet and prints the path of the Node to run on. Everything said goes to standard error.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const modules = join(root, "node_modules");
const lockfile = join(root, "package-lock.json");
const stampPath = join(modules, ".pruefstand-installed");
/** The dependencies need 22.22; `await using` without a compiler and X509Certificate.signatureAlgorithm need 24.9. */
const neededNode = [24, 9];
const lowestStarter = [18, 0];

/** Ends the start with one sentence; 4: the environment is not usable, 130: interrupted (exit codes of the command line). */
class Stop extends Error {
  constructor(text, exitCode) {
    super(text);
    this.exitCode = exitCode;
  }
}

try {
  main();
} catch (error) {
  if (!(error instanceof Stop)) throw error;
  say(error.message);
  process.exitCode = error.exitCode;
}

function main() {
  if (!isAtLeast(process.versions.node, lowestStarter)) {
    stop(
      `Prüfstand needs Node.js 18 or newer to start, this is ${process.versions.node}; on Debian: sudo apt-get install nodejs npm`,
    );
  }
  ensurePackages();
  process.stdout.write(chooseNode());
}

function ensurePackages() {
  if (isInstalled()) return;
  mkdirSync(join(root, ".cache"), { recursive: true });
  withLock(join(root, ".cache", "npm-ci.lock"), () => {
    if (!isInstalled()) install();
  });
}

function isInstalled() {
  const wanted = hashOf(lockfile);
  if (readText(stampPath) === wanted) return true;
  // Installed by hand (npm ci, npm install): npm's own record tells.
  if (!matchesRecord()) return false;
  writeFileSync(stampPath, wanted);
  return true;
}

/** Compares the lockfile with npm's record of what it put into node_modules. Packages for other systems may be absent. */
function matchesRecord() {
  const record = readText(join(modules, ".package-lock.json"));
  if (record === "") return false;
  const installed = JSON.parse(record).packages;
  const wanted = Object.entries(JSON.parse(readText(lockfile)).packages);
  return wanted.every(([path, { version, optional, integrity }]) => {
    if (path === "" || version === undefined) return true;
    const found = installed[path];
    return found === undefined
      ? optional === true
      : found.version === version && sameOrUnknown(found.integrity, integrity);
  });
}

/** npm records no integrity for links and sometimes none for packages it took from its cache. */
function sameOrUnknown(a, b) {
  return a === undefined || b === undefined || a === b;
}

/**
 * `npm install --no-save`, not `npm ci`: registries that hold no binaries for foreign systems leave these out of the lockfile, and
 * `npm ci` refuses such a lockfile. What was installed is compared with the lockfile afterwards, which is what `npm ci` is for.
 */
function install() {
  say("installing the npm packages of package-lock.json");
  const npm = npmCommand();
  // No install scripts: none of the packages needs one, and compiling the optional ones would need a compiler and the network.
  const args = [...npm.args, "install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const result = spawnSync(npm.file, args, { cwd: root, stdio: ["ignore", 2, 2] });
  if (result.error?.code === "ENOENT")
    stop("Prüfstand needs npm to fetch its packages and found none; on Debian: sudo apt-get install npm");
  if (result.signal === "SIGINT" || result.signal === "SIGTERM")
    throw new Stop("interrupted while installing the npm packages", 130);
  if (result.status !== 0)
    stop("npm could not install the packages (see above); check the network or npm's registry setting, then try again");
  if (!matchesRecord())
    stop("npm installed other packages than package-lock.json names; delete node_modules and try again");
  writeFileSync(stampPath, hashOf(lockfile));
}

/** Under `npm start` npm says where it is; else the one beside this node or on the PATH. */
function npmCommand() {
  const current = process.env["npm_execpath"];
  if (current?.endsWith("npm-cli.js")) return { file: process.execPath, args: [current] };
  const beside = join(dirname(process.execPath), "npm");
  return { file: existsSync(beside) ? beside : "npm", args: [] };
}

function chooseNode() {
  if (isAtLeast(process.versions.node, neededNode)) return process.execPath;
  const packaged = join(modules, `node-linux-${process.arch}`, "bin", "node");
  if (process.platform === "linux" && existsSync(packaged)) return packaged;
  return stop(
    `Prüfstand needs Node.js ${neededNode.join(".")} or newer, this is ${process.versions.node} and there is no packaged one for ${process.platform}-${process.arch}; install Node.js 24 from nodejs.org`,
  );
}

/** One npm at a time in this folder. A lock left by a dead process is taken over. */
function withLock(path, work) {
  let waited = false;
  while (!takeLock(path)) {
    if (!waited) say("waiting for another start that installs the npm packages");
    waited = true;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  }
  try {
    work();
  } finally {
    rmSync(path, { force: true });
  }
}

/** Written aside and linked, so that the lock appears with its owner's number in it or not at all. */
function takeLock(path) {
  const aside = `${path}.${process.pid}`;
  try {
    writeFileSync(aside, String(process.pid));
    linkSync(aside, path);
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    const owner = Number(readText(path));
    if (owner > 0 && !isRunning(owner)) rmSync(path, { force: true });
    return false;
  } finally {
    rmSync(aside, { force: true });
  }
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

function isAtLeast(version, [major, minor]) {
  const [ownMajor, ownMinor] = version.split(".").map(Number);
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}

function hashOf(path) {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

function readText(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function say(text) {
  process.stderr.write(`${text}\n`);
}

function stop(text) {
  throw new Stop(text, 4);
}
