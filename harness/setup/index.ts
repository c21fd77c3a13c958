/** What the bench needs on the machine before it can work. Everything here may be called again at any time. */
export { ensureChromium } from "./chromium.ts";
export { ensureDocker, ensureTools } from "./docker.ts";
export { runDoctor } from "./doctor.ts";
