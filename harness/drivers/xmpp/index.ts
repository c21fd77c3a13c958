export { createXmppDriver } from "./driver.ts";
