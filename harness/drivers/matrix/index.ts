export { createMatrixDriver, type MatrixDriverOptions } from "./driver.ts";
