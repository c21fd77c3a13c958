export { createIrcDriver } from "./driver.ts";
