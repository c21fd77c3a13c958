export { createEmailDriver } from "./driver.ts";
