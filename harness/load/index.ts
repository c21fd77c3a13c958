import type { LoadTools } from "../model/tools.ts";
import { deliver } from "./deliver.ts";
import { httpLoad } from "./http.ts";
import { findKnee } from "./knee.ts";
import { loginStorm } from "./login-storm.ts";
import { poissonSchedule } from "./schedule.ts";

/** The load tools a scenario gets. */
export const loadTools: LoadTools = { poisson: poissonSchedule, deliver, http: httpLoad, knee: findKnee, loginStorm };
